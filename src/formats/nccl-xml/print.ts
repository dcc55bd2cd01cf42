import { devicesOf } from '../../topology/device-at.js';
import { checkServer } from '../../topology/expected-topology.js';
import type { Device, Link } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';
import { NOT_LIMITING_GBPS, PORT_MAX_MBPS } from '../server/constants.js';
import { cpuAttributes, gpuAttributes, ncclFigure, pcieAttributes, refusal } from './print-figures.js';
import { type HostTree, hostTrees } from './print-tree.js';

/** Longest value that is written; NCCL's reader holds 255 characters. */
const VALUE_LENGTH_MAX = 200;
/** A name that readers of XML and NCCL read unchanged. */
const PLAIN_NAME = /^[\w.:+-]{1,64}$/;
/** How the catalogue and {@link fromNcclXml} write a NIC: name, then speed. */
const NIC_MODEL = /^(?:(.*), )?(\d{1,6}(?:\.\d{1,3})?) Gb\/s$/;

/**
 * Writes a server as a topology file of NCCL, or of RCCL where it has xGMI (`NCCL_TOPO_FILE`).
 *
 * {@link fromNcclXml} reads the same relation matrix from the text and, with NCCL's constants, the same collective
 * bandwidths. Facts that the format lacks (NUMA nodes of one socket, host bridges, GPU models, roles of NICs, whether the
 * rate of a port is known and verified) are written as attributes `corral_…`, which NCCL ignores. The `speed` of a NIC is
 * its `portGBps` in whole Mb/s, else the Gb/s of its model, else the bandwidth of its link. PCI addresses and `gdr="1"`
 * are invented; the CPU is one for which NCCL has the figure between the sockets.
 *
 * @param topology - a server topology
 * @returns the text, ending in a line end
 * @throws CorralError `invalid-option` if the format cannot express a device or link: scale-up Ethernet, NICs that
 * hang on GPUs, links between NVSwitches, several fabrics, figures that are not in the tables of NCCL, ports of
 * more than 10 Tb/s
 * @complexity O(devices * links)
 * @see NVIDIA/nccl 2.30.7, src/graph/xml.cc
 * @example
 * ```ts
 * toNcclXml(topology('dgx-h100')); // '<system version="1" name="dgx-h100">…'
 * ```
 */
export function toNcclXml(topology: ServerTopology): string {
  checkServer(topology, ['topology']);
  return new Writer(topology).text();
}

class Writer {
  readonly #topology: ServerTopology;
  readonly #lines: string[] = [];
  readonly #addresses = new Map<string, string>();
  readonly #bridges = new Map<string, string>();
  #addressCount = 0;

  constructor(topology: ServerTopology) {
    this.#topology = topology;
    // GPUs refer to the addresses of GPUs and switches that are written later.
    for (const { id } of topology.document.devices) this.#addresses.set(id, this.#freshAddress());
  }

  text(): string {
    const { document, gpus } = this.#topology;
    if (gpus.length === 0) throw refusal(`server ${document.name} has no GPU`);
    const trees = hostTrees(this.#topology);
    const version = document.links.some(({ medium }) => medium === 'xgmi') ? '2' : '1';
    this.#open(0, 'system', { version, ...(PLAIN_NAME.test(document.name) && { name: document.name }) });
    const shared = new Set(trees.map(({ socket }) => socket)).size < trees.length;
    const cpu = cpuAttributes(document, trees);
    const numaIds = numaIdsOf(trees);
    for (const [i, tree] of trees.entries()) {
      this.#open(1, 'cpu', {
        numaid: `${numaIds[i]}`,
        ...cpu,
        ...(shared && { corral_socket: `${tree.socket}` }),
      });
      for (const child of tree.children) this.#writeChild(2, child, tree);
      this.#lines.push('  </cpu>');
    }
    this.#lines.push('</system>');
    return `${this.#lines.join('\n')}\n`;
  }

  #writeChild(depth: number, { device, link }: HostTree['children'][number], tree: HostTree): void {
    if (device.kind === 'nic') this.#writeNic(depth, device, link);
    else if (device.kind === 'gpu') this.#writeGpu(depth, device, link, tree);
    else this.#writeSwitch(depth, device, link, tree);
  }

  #writeSwitch(depth: number, device: Device, link: Link, tree: HostTree): void {
    const children = tree.below.get(device.id) ?? [];
    // The link above the lower level of a Broadcom switch is inside the chip; NCCL ignores its figures.
    const figures =
      link.medium === 'on-chip' ? { link_speed: '16.0 GT/s PCIe', link_width: '16' } : pcieAttributes(link);
    this.#open(depth, 'pci', {
      busid: this.#addresses.get(device.id)!,
      class: '0x060400',
      ...(tree.broadcom.has(device.id) ? BROADCOM : OTHER_BRIDGE),
      ...figures,
      ...this.#hostBridge(device),
    });
    for (const peer of tree.peers.get(device.id) ?? []) {
      this.#lines.push(`${'  '.repeat(depth + 1)}<pcilink target="${this.#addresses.get(peer)}"/>`);
    }
    for (const child of children) {
      if (device.levels !== 2 || child.device.kind === 'pcie-switch') {
        this.#writeChild(depth + 1, child, tree);
        continue;
      }
      // A switch with two levels: one more bridge above each device, as fast as its link.
      this.#open(depth + 1, 'pci', {
        busid: this.#freshAddress(),
        class: '0x060400',
        ...OTHER_BRIDGE,
        ...pcieAttributes(child.link),
      });
      this.#writeChild(depth + 2, child, tree);
      this.#close(depth + 1, 'pci');
    }
    this.#close(depth, 'pci');
  }

  #writeGpu(depth: number, device: Device, link: Link, tree: HostTree): void {
    const ordinal = `${this.#topology.gpus.indexOf(device.id)}`;
    const model = device.model ?? this.#topology.document.gpuModel;
    this.#open(depth, 'pci', {
      busid: this.#addresses.get(device.id)!,
      class: '0x030200',
      // If C2C is the only link to the CPU, PCIe is left to detection.
      ...(link.medium === 'c2c' ? {} : pcieAttributes(link)),
      ...this.#hostBridge(device),
    });
    const fabric = this.#fabricLinks(device.id);
    this.#open(depth + 1, 'gpu', {
      dev: ordinal,
      ...gpuAttributes(
        device.id,
        model,
        fabric.map(({ link }) => link),
      ),
      rank: ordinal,
      gdr: '1',
      ...(isPlain(model) && { corral_model: model }),
    });
    const indent = '  '.repeat(depth + 2);
    for (const { link, other } of fabric) {
      const tag = link.medium === 'xgmi' ? 'xgmi' : 'nvlink';
      const tclass = other.kind === 'gpu' ? '0x030200' : '0x068000';
      const target = this.#addresses.get(other.id);
      this.#lines.push(`${indent}<${tag} target="${target}" count="${link.links}" tclass="${tclass}"/>`);
    }
    const c2c = tree.c2c.get(device.id);
    if (c2c !== undefined) {
      const count = c2c.links ?? 1;
      const bw = Math.round((ncclFigure(c2c) * 1000) / count);
      this.#lines.push(`${indent}<c2c bw="${bw}" count="${count}"/>`);
    }
    this.#close(depth + 1, 'gpu');
    this.#close(depth, 'pci');
  }

  #writeNic(depth: number, device: Device, link: Link): void {
    const dev = this.#topology.nics.indexOf(device.id);
    const [, said, speed] = NIC_MODEL.exec(device.model ?? '') ?? [];
    const name = [said, device.id, `nic${dev}`].find((text) => text !== undefined && PLAIN_NAME.test(text))!;
    const { portGBps } = device;
    const assumedGBps = speed === undefined ? ncclFigure(link) : Number(speed) / 8;
    // A larger speed would read as kb/s.
    const mbps = Math.min(PORT_MAX_MBPS, Math.round((portGBps ?? assumedGBps) * 8000));
    const rate = portGBps === undefined ? 'none' : device.portVerified === true ? undefined : 'unverified';
    const role = device.role ?? 'compute';
    if (portGBps !== undefined && portGBps * 8000 > PORT_MAX_MBPS) {
      throw refusal(`the ports of ${device.id} carry ${portGBps} GB/s, more than any`);
    }
    const net = attributes({
      name,
      dev: `${dev}`,
      speed: `${Math.max(1, mbps)}`,
      port: '1',
      latency: '0.000000',
      guid: `0x${(dev + 1).toString(16)}`,
      maxconn: '131072',
      gdr: '1',
      ...(role !== 'compute' && { corral_role: role }),
      ...(rate !== undefined && { corral_rate: rate }),
    });
    const virtual = ncclFigure(link) >= NOT_LIMITING_GBPS;
    const inner = virtual ? depth : depth + 1;
    if (!virtual) {
      this.#open(depth, 'pci', {
        busid: this.#addresses.get(device.id)!,
        class: '0x020000',
        ...pcieAttributes(link),
        ...this.#hostBridge(device),
      });
    }
    this.#open(inner, 'nic', {});
    this.#lines.push(`${'  '.repeat(inner + 1)}<net${net}/>`);
    this.#close(inner, 'nic');
    if (!virtual) this.#close(depth, 'pci');
  }

  #fabricLinks(id: string): { readonly link: Link; readonly other: Device }[] {
    const devices = devicesOf(this.#topology);
    return this.#topology.document.links.flatMap((link) => {
      if (link.medium !== 'nvlink' && link.medium !== 'xgmi') return [];
      const [a, b] = link.between;
      if (a !== id && b !== id) return [];
      return [{ link, other: devices.get(a === id ? b : a)! }];
    });
  }

  /** Host bridges are numbered, because their names may contain any characters. */
  #hostBridge(device: Device): Record<string, string> {
    if (device.hostBridge === undefined) return {};
    const known = this.#bridges.get(device.hostBridge) ?? `hb${this.#bridges.size}`;
    this.#bridges.set(device.hostBridge, known);
    return { corral_host_bridge: known };
  }

  #freshAddress(): string {
    const n = ++this.#addressCount;
    return `${(n >> 8).toString(16).padStart(4, '0')}:${(n & 0xff).toString(16).padStart(2, '0')}:00.0`;
  }

  #open(depth: number, tag: string, values: Readonly<Record<string, string>>): void {
    this.#lines.push(`${'  '.repeat(depth)}<${tag}${attributes(values)}>`);
  }

  #close(depth: number, tag: string): void {
    this.#lines.push(`${'  '.repeat(depth)}</${tag}>`);
  }
}

/** PCI ids of a switch whose two levels NCCL takes for one, and ids of any other bridge. */
const BROADCOM = {
  vendor: '0x1000',
  device: '0xc010',
  subsystem_vendor: '0x1000',
  subsystem_device: '0xa096',
};
const OTHER_BRIDGE = {
  vendor: '0x0000',
  device: '0x0000',
  subsystem_vendor: '0x0000',
  subsystem_device: '0x0000',
};

/** The numbers of NUMA nodes: the document's where they are distinct numbers, else by position. */
function numaIdsOf(trees: readonly HostTree[]): readonly number[] {
  const own = trees.map(({ host }) => host.numa);
  const usable =
    own.every((numa) => typeof numa === 'number' && numa < 2 ** 31) && new Set(own).size === own.length;
  return usable ? (own as number[]) : trees.map((_, i) => i);
}

/** Whether a value is read back unchanged: NCCL decodes no references, and {@link fromNcclXml} trims blanks. */
function isPlain(value: string): boolean {
  return value.length <= VALUE_LENGTH_MAX && /^[^\p{Cc}\p{Cs}"&<>]+$/u.test(value) && value === value.trim();
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');
}
