import { asServer } from '../../catalogue/as-topology.js';
import { readFields } from '../../checks/fields.js';
import type { Device, DeviceKind, Link, ServerDocument } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';
import { drawingText } from '../svg/drawing-text.js';
import { MEDIUM_STYLE } from '../svg/styles.js';
import { figure } from '../svg/svg-text.js';
import { deviceTree } from './device-tree.js';
import { fabricLinks } from './fabric-links.js';
import { checkGroups, type PlacedGpus, placedGpus } from './gpu-groups.js';
import type { Mesh } from './meshes.js';

/** Options of {@link serverToDot}. */
export interface ServerDotOptions {
  /** GPUs to highlight: ordinals, or a placement on a server of this type. */
  readonly placement?: PlacedGpus | undefined;
  /** Text above the drawing; default: the title of the document. */
  readonly title?: string | undefined;
}

/** Shape and fill of each kind of device. */
const SHAPE: Readonly<Record<DeviceKind, string>> = {
  gpu: 'shape=box, style="filled,rounded", fillcolor="#E8F1DD"',
  nic: 'shape=box, style=filled, fillcolor="#E6E9F2"',
  numa: 'shape=box, style=filled, fillcolor="#F4F4F4"',
  socket: 'shape=box, style=filled, fillcolor="#FBE9D3"',
  'pcie-switch': 'shape=hexagon, style=filled, fillcolor="#DCE6F4"',
  nvswitch: 'shape=hexagon, style=filled, fillcolor="#D5E8C4"',
};
const PLACED = 'shape=box, style="filled,rounded,bold", fillcolor="#F7C948", color="#8A5A00", penwidth=2.5';

/**
 * A drawing of a server as Graphviz DOT: sockets as frames, links coloured by medium with their GB/s, GPUs of a
 * placement highlighted.
 *
 * NVSwitches that link the same GPUs are drawn as one vertex with their links summed, and so is a full mesh of four or
 * more GPUs with equal links. Links inside a package are drawn without a figure: they limit nothing.
 *
 * @param topology - a server type, as a topology or as a document
 * @param options - see {@link ServerDotOptions}
 * @returns DOT text for `dot`; equal servers give equal text
 * @throws CorralError `invalid-option` for a GPU ordinal that does not exist, or a wrong option
 * @complexity O(devices + links), and for meshes the cliques of a graph of at most 16 GPUs
 */
export function serverToDot(
  topology: ServerTopology | ServerDocument,
  options: ServerDotOptions = {},
): string {
  const server = asServer(topology, ['topology']);
  const given = readFields(options, ['placement', 'title']);
  const title = drawingText(given.title, server.document.title, ['title']);
  const gpus = placedGpus(given.placement ?? [], ['placement']);
  const placed = checkGroups(server, [{ name: undefined, gpus }], () => ['placement']).ofGpu;
  const drawing = drawingOf(server);
  const lines = [
    `graph ${id(server.name)} {`,
    `  graph [label=${text(heading(title))}, labelloc=t, fontname="Helvetica", fontsize=16, nodesep=0.25, ranksep=0.55];`,
    '  node [fontname="Helvetica", fontsize=12, margin="0.16,0.06"];',
    '  edge [fontname="Helvetica", fontsize=10];',
  ];
  const groups = groupBySocket(drawing.devices);
  groups.forEach(({ socket, devices }, i) => {
    const inside = socket !== undefined;
    if (inside) {
      lines.push(`  subgraph "cluster_${i}" {`);
      lines.push(
        `    graph [label=${text(`socket ${socket}`)}, labeljust=l, style=rounded, color="#BBBBBB", fontsize=12];`,
      );
    }
    for (const device of devices) {
      const look = placed.has(device.id) ? PLACED : SHAPE[device.kind];
      const count = drawing.switchCounts.get(device.id) ?? 1;
      lines.push(
        `${inside ? '    ' : '  '}${id(device.id)} [label=${text(labelOf(device, count))}, ${look}];`,
      );
    }
    if (inside) lines.push('  }');
  });
  for (const link of drawing.links) lines.push(`  ${edge(link, drawing.kinds)}`);
  drawing.meshes.forEach((mesh, i) => {
    lines.push(...meshLines(mesh, i, drawing));
  });
  lines.push('}', '');
  return lines.join('\n');
}

/** What is drawn: switches of a group as one device, meshes of GPUs as one vertex each. */
interface Drawing {
  readonly devices: readonly Device[];
  /** Links outside meshes; parallel links are summed. */
  readonly links: readonly Link[];
  readonly meshes: readonly Mesh[];
  /** Device id → number of switches that it stands for, where that is more than one. */
  readonly switchCounts: ReadonlyMap<string, number>;
  readonly kinds: ReadonlyMap<string, DeviceKind>;
}

/** Draws the first switch of a group for all of them, with the links summed. */
function drawingOf(server: ServerTopology): Drawing {
  const { devices, links } = server.document;
  const { switchGroups, gpuMeshes } = fabricLinks(server, deviceTree(server));
  const drawnAs = new Map<string, string>();
  const switchCounts = new Map<string, number>();
  for (const { switches } of switchGroups) {
    const first = switches[0]!.id;
    for (const { id } of switches) drawnAs.set(id, first);
    if (switches.length > 1) switchCounts.set(first, switches.length);
  }
  const inMesh = new Set(gpuMeshes.flatMap((mesh) => mesh.links));
  const sums = new Map<string, Link>();
  for (const link of links) {
    const [a, b] = link.between.map((end) => drawnAs.get(end) ?? end) as [string, string];
    // Links inside a group of switches are not drawn.
    if (a === b || inMesh.has(link)) continue;
    const key = JSON.stringify([a, b].sort());
    const bandwidthGBps = link.bandwidthGBps + (sums.get(key)?.bandwidthGBps ?? 0);
    sums.set(key, { ...link, between: [a, b], bandwidthGBps });
  }
  return {
    devices: devices.filter(({ id }) => (drawnAs.get(id) ?? id) === id),
    links: [...sums.values()],
    meshes: gpuMeshes,
    switchCounts,
    kinds: new Map(devices.map(({ id, kind }) => [id, kind])),
  };
}

/** A mesh as one vertex below its GPUs. */
function meshLines({ members, links }: Mesh, position: number, { kinds }: Drawing): string[] {
  const [link] = links;
  const { colour, width, name } = MEDIUM_STYLE[link!.medium];
  let hub = position === 0 ? 'mesh' : `mesh ${position + 1}`;
  // Ends: there are finitely many devices.
  while (kinds.has(hub)) hub += "'";
  const label = `${name}, every pair ${figure(link!.bandwidthGBps)}`;
  return [
    `  ${id(hub)} [label=${text(label)}, shape=ellipse, style=dashed, color="${colour}", fontcolor="${colour}"];`,
    ...members.map(
      (gpu) => `  ${id(gpu)} -- ${id(hub)} [color="${colour}", penwidth=${width}, style=dashed];`,
    ),
  ];
}

/** Devices by socket in document order. NVSwitches, and devices without a socket, come last. */
function groupBySocket(
  devices: readonly Device[],
): { readonly socket: number | string | undefined; readonly devices: Device[] }[] {
  const groups = new Map<number | string | undefined, Device[]>();
  const homeless: Device[] = [];
  for (const device of devices) {
    if (device.socket === undefined || device.kind === 'nvswitch') homeless.push(device);
    else if (groups.has(device.socket)) groups.get(device.socket)!.push(device);
    else groups.set(device.socket, [device]);
  }
  const framed = [...groups].map(([socket, members]) => ({ socket, devices: members }));
  return homeless.length > 0 ? [...framed, { socket: undefined, devices: homeless }] : framed;
}

/** Most characters of a heading line: about the width of a small server. */
const HEADING_LENGTH = 48;

/** The title, broken between words, and the unit of the figures. */
function heading(title: string): string {
  const lines = [''];
  for (const word of title.split(' ')) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = word;
    else if (lines[last]!.length + word.length < HEADING_LENGTH) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return [...lines, 'GB/s per direction'].join('\n');
}

function labelOf(device: Device, count: number): string {
  const name = count > 1 ? `${count} × NVSwitch` : device.id;
  // The model of the GPUs is in the title.
  return device.kind === 'nic' && device.model !== undefined ? `${name}\n${device.model}` : name;
}

function edge(link: Link, kinds: ReadonlyMap<string, DeviceKind>): string {
  const style = MEDIUM_STYLE[link.medium];
  const quiet = link.medium === 'on-package' || link.medium === 'on-chip';
  const [a, b] = order(link, kinds);
  const label = quiet ? '' : `, label=${text(` ${figure(link.bandwidthGBps)}`)}, fontcolor="${style.colour}"`;
  // Links between devices of one kind must not put one end below the other.
  const across = kinds.get(a) === kinds.get(b) ? ', constraint=false' : '';
  return `${id(a)} -- ${id(b)} [color="${style.colour}", penwidth=${style.width}${label}${across}, tooltip=${text(style.name)}];`;
}

/** Kind → level of the drawing, from the top. */
const LEVEL: Readonly<Record<DeviceKind, number>> = {
  socket: 0,
  numa: 1,
  'pcie-switch': 2,
  nic: 3,
  gpu: 3,
  nvswitch: 4,
};

/** The ends of a link, the one of the higher level first, so that Graphviz puts it above. */
function order(link: Link, kinds: ReadonlyMap<string, DeviceKind>): readonly [string, string] {
  const [a, b] = link.between;
  return LEVEL[kinds.get(a)!] <= LEVEL[kinds.get(b)!] ? [a, b] : [b, a];
}

/** An identifier as a quoted DOT id: any characters, nothing interpreted. */
function id(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A label: as {@link id}, with line ends kept. */
function text(value: string): string {
  return id(value).replaceAll('\n', '\\n');
}
