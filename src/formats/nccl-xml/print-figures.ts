import { CorralError } from '../../errors.js';
import type { Link, ServerDocument } from '../../topology/server-document.js';
import { nvlinkOfSm, PCIE_X16, SOCKETS, type SocketConstant, xgmiOfGcn } from '../server/constants.js';
import { PCIE_GENERATIONS } from './figures.js';

/** Compute capability by model of GPU. */
const SM_OF_MODEL: readonly (readonly [RegExp, number])[] = [
  [/P100/, 60],
  [/V100/, 70],
  [/A100/, 80],
  [/A[456]000|3090|A10G?\b|A40\b/, 86],
  [/L40S?|L4\b|4090/, 89],
  [/H[128]00/, 90],
  [/B200/, 100],
  [/B300/, 103],
  [/RTX PRO|50[89]0/, 120],
];
/** Compute capabilities that together have all of NCCL's figures of NVLink. */
const SM_OF_NVLINK = [60, 80, 70, 86, 90, 100] as const;
/** Architectures that together have all of RCCL's figures of xGMI. */
const GCN_OF_XGMI = ['906', 'gfx90a', 'gfx942'] as const;
const PCIE_WIDTHS = [16, 8, 4, 2, 1, 12, 32] as const;
/** A CPU for each figure between sockets, as attributes of a `cpu` element. */
const CPU_OF_SOCKETS: readonly (readonly [SocketConstant, Readonly<Record<string, string>>])[] = [
  [SOCKETS.broadwell, { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '79' }],
  [SOCKETS.skylake, { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '85' }],
  [SOCKETS.sapphireRapids, { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '143' }],
  [SOCKETS.emeraldRapids, { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '207' }],
  [SOCKETS.amd, { arch: 'x86_64', vendor: 'AuthenticAMD', familyid: '175', modelid: '1' }],
  [SOCKETS.yongFeng, { arch: 'x86_64', vendor: 'CentaurHauls', familyid: '7', modelid: '91' }],
  [SOCKETS.power9, { arch: 'ppc64' }],
];

/** The error of a server that the format cannot express. */
export function refusal(reason: string): CorralError {
  return new CorralError('invalid-option', ['topology'], `${reason}: no NCCL topology can be written`);
}

/** NCCL's figure of a link, GB/s. */
export function ncclFigure(link: Link): number {
  return link.ncclGBps ?? link.bandwidthGBps;
}

/**
 * Speed and width of a PCIe link with this figure.
 *
 * @throws CorralError `invalid-option` if none has it
 */
export function pcieAttributes(link: Link): { readonly link_speed: string; readonly link_width: string } {
  const GBps = ncclFigure(link);
  for (const width of PCIE_WIDTHS) {
    const found = PCIE_GENERATIONS.map((generation) => PCIE_X16[generation]).find(({ ncclGBps }) =>
      isSame((width * ncclGBps) / 16, GBps),
    );
    if (found !== undefined) return { link_speed: found.speed, link_width: `${width}` };
  }
  throw refusal(
    `${link.between.join(' and ')} are joined at ${GBps} GB/s, which no PCIe link of NCCL's table has`,
  );
}

/**
 * `sm` or `gcn` of a GPU, from which NCCL takes the figure of its links.
 *
 * @param links - its NVLinks and xGMI links
 * @throws CorralError `invalid-option` if no GPU has links of this figure, or the links differ
 */
export function gpuAttributes(
  id: string,
  model: string,
  links: readonly Link[],
): Readonly<Record<string, string>> {
  const [first] = links;
  const said = Number(
    /^sm(\d{2,3})$/.exec(model)?.[1] ?? SM_OF_MODEL.find(([name]) => name.test(model))?.[1],
  );
  // Without fabric links no figure depends on the attribute, and NCCL asks the driver for it.
  if (first === undefined) {
    if (/^gfx\w{3,8}$/.test(model)) return { gcn: model };
    return Number.isNaN(said) ? {} : { sm: `${said}` };
  }
  const perLink = links.map((link) => ncclFigure(link) / (link.links ?? 1));
  const unlike = links.findIndex(
    (link, i) =>
      link.medium !== first.medium || link.links === undefined || !isSame(perLink[i]!, perLink[0]!),
  );
  if (unlike !== -1) {
    throw refusal(`${id} has ${first.medium} links of different figures, or without their number`);
  }
  if (first.medium === 'xgmi') {
    const gcn = [model, ...GCN_OF_XGMI].find(
      (name) =>
        (name !== model || /^gfx\w{3,8}$/.test(name)) && isSame(xgmiOfGcn(name).ncclGBps, perLink[0]!),
    );
    if (gcn !== undefined) return { gcn };
  } else {
    const sm = [said, ...SM_OF_NVLINK].find(
      (number) => !Number.isNaN(number) && isSame(nvlinkOfSm(number).ncclGBps, perLink[0]!),
    );
    if (sm !== undefined) return { sm: `${sm}` };
  }
  throw refusal(`${id} has ${first.medium} links of ${perLink[0]} GB/s each, which is no figure of NCCL's`);
}

/**
 * The CPU that has the figure between the sockets of a server.
 *
 * @param trees - its NUMA nodes with their sockets
 * @returns attributes of every `cpu` element; none where there is one socket, which NCCL asks the system about
 * @throws CorralError `invalid-option` if some sockets are not joined, or not by one figure of NCCL's
 */
export function cpuAttributes(
  document: ServerDocument,
  trees: readonly { readonly socket: number }[],
): Readonly<Record<string, string>> {
  const isGrace = document.links.some(({ medium }) => medium === 'c2c');
  const count = new Set(trees.map(({ socket }) => socket)).size;
  if (count === 1) return isGrace ? { arch: 'arm64' } : {};
  const links = document.links.filter(({ medium }) => medium === 'socket');
  if (links.length !== (count * (count - 1)) / 2) {
    throw refusal(`${links.length} links between ${count} sockets: NCCL joins every two`);
  }
  const GBps = ncclFigure(links[0]!);
  if (links.some((link) => !isSame(ncclFigure(link), GBps))) {
    throw refusal('the links between sockets differ, and NCCL has one figure');
  }
  if (isGrace && isSame(GBps, SOCKETS.arm.ncclGBps)) return { arch: 'arm64' };
  const found = CPU_OF_SOCKETS.find(([{ ncclGBps }]) => isSame(ncclGBps, GBps));
  if (found === undefined)
    throw refusal(`sockets are joined at ${GBps} GB/s, which no CPU of NCCL's table has`);
  return found[1];
}

/** Equal except for rounding: figures in documents are rounded to 1 kB/s. */
function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));
}
