import { remembered } from '../../remembered.js';
import type { Device, Link, Medium } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';
import type { DeviceTree } from './device-tree.js';
import { type Mesh, meshesOf } from './meshes.js';

/** The links of one GPU to the switches of a group. */
export interface Spoke {
  readonly gpu: string;
  readonly links: readonly Link[];
  /** Sum over the links, GB/s per direction. */
  readonly bandwidthGBps: number;
}

/** NVSwitches that link the same GPUs, drawn as one. */
export interface SwitchGroup {
  readonly switches: readonly Device[];
  readonly medium: Medium;
  readonly spokes: readonly Spoke[];
  /** Links between switches of the group. */
  readonly inner: readonly Link[];
}

/** The links between two groups of switches. */
export interface SwitchTrunk {
  /** Positions of the groups. */
  readonly groups: readonly [number, number];
  readonly links: readonly Link[];
}

/** The links between boxes that are not nested, by the form in which they are drawn; each link occurs once. */
export interface FabricLinks {
  readonly switchGroups: readonly SwitchGroup[];
  readonly trunks: readonly SwitchTrunk[];
  readonly gpuMeshes: readonly Mesh[];
  readonly gpuPairs: readonly Link[];
  /** Between outermost devices, usually the sockets. */
  readonly rootMeshes: readonly Mesh[];
  readonly rootPairs: readonly Link[];
  /** Between two other devices, such as a second link to a NIC or peer ports of PCIe switches. */
  readonly others: readonly Link[];
}

/** Fewest members of a mesh that is drawn as one. */
const GPU_MESH_MIN = 4;
const ROOT_MESH_MIN = 3;

/**
 * Sorts the links between boxes that are not nested: links to NVSwitches, full meshes and single links between GPUs,
 * links between outermost devices, and all others.
 *
 * @complexity O(links), and for meshes the cliques of a graph of at most 16 GPUs
 */
export function fabricLinks(server: ServerTopology, tree: DeviceTree): FabricLinks {
  const { devices } = server.document;
  const kinds = new Map(devices.map((device) => [device.id, device.kind]));
  const roots = tree.roots.map(({ device }) => device.id);
  const isRoot = new Set(roots);
  const switches = devices.filter(({ id, kind }) => kind === 'nvswitch' && !isRoot.has(id));
  const groupOf = new Map<string, number>();
  const switchGroups = groupSwitches(switches, tree.crossLinks, kinds, groupOf);
  const gpuLinks: Link[] = [];
  const rootLinks: Link[] = [];
  const others: Link[] = [];
  const trunks = new Map<string, { readonly groups: [number, number]; readonly links: Link[] }>();
  for (const link of tree.crossLinks) {
    const [a, b] = link.between;
    const [groupA, groupB] = [groupOf.get(a), groupOf.get(b)];
    if (groupA !== undefined && groupB !== undefined) {
      if (groupA === groupB) continue;
      const groups: [number, number] = groupA < groupB ? [groupA, groupB] : [groupB, groupA];
      remembered(trunks, groups.join(' '), () => ({ groups, links: [] })).links.push(link);
    } else if (groupA !== undefined || groupB !== undefined) {
      const other = groupA === undefined ? a : b;
      if (kinds.get(other) !== 'gpu') others.push(link);
    } else if (kinds.get(a) === 'gpu' && kinds.get(b) === 'gpu') gpuLinks.push(link);
    else if (isRoot.has(a) && isRoot.has(b)) rootLinks.push(link);
    else others.push(link);
  }
  const gpus = meshesOf(server.gpus, gpuLinks, GPU_MESH_MIN);
  const outermost = meshesOf(roots, rootLinks, ROOT_MESH_MIN);
  return {
    switchGroups,
    trunks: [...trunks.values()],
    gpuMeshes: gpus.meshes,
    gpuPairs: gpus.pairs,
    rootMeshes: outermost.meshes,
    rootPairs: outermost.pairs,
    others,
  };
}

/**
 * Groups switches that are linked to the same GPUs over the same media; fills `groupOf`: switch → position of its
 * group.
 */
function groupSwitches(
  switches: readonly Device[],
  links: readonly Link[],
  kinds: ReadonlyMap<string, string>,
  groupOf: Map<string, number>,
): SwitchGroup[] {
  const isSwitch = new Set(switches.map(({ id }) => id));
  const toGpus = new Map<string, Map<string, Link>>(switches.map(({ id }) => [id, new Map()]));
  for (const link of links) {
    for (const [from, to] of [link.between, [link.between[1], link.between[0]] as const]) {
      if (isSwitch.has(from) && kinds.get(to) === 'gpu') toGpus.get(from)!.set(to, link);
    }
  }
  const positions = new Map<string, number>();
  const members: Device[][] = [];
  for (const device of switches) {
    const reached = [...toGpus.get(device.id)!].map(([gpu, { medium }]) => JSON.stringify([gpu, medium]));
    const key = reached.sort().join();
    const position = positions.get(key) ?? members.length;
    positions.set(key, position);
    groupOf.set(device.id, position);
    if (members[position] === undefined) members.push([device]);
    else members[position].push(device);
  }
  return members.map((group, position): SwitchGroup => {
    const first = toGpus.get(group[0]!.id)!;
    const spokes = [...first.keys()].map((gpu): Spoke => {
      const own = group.map(({ id }) => toGpus.get(id)!.get(gpu)!);
      return { gpu, links: own, bandwidthGBps: own.reduce((sum, link) => sum + link.bandwidthGBps, 0) };
    });
    return {
      switches: group,
      medium: first.values().next().value?.medium ?? 'nvlink',
      spokes,
      inner: links.filter(({ between }) => between.every((end) => groupOf.get(end) === position)),
    };
  });
}
