import { asServer } from '../../catalogue/as-topology.js';
import { readFields } from '../../checks/fields.js';
import { neighboursOf } from '../../topology/relation.js';
import type { Device, Link, ServerDocument } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/server-topology.js';
import { drawingText } from '../svg/drawing-text.js';
import { MEDIUM_STYLE } from '../svg/styles.js';
import { checkGroups, type PlacedGpus, placedGpus } from './gpu-groups.js';

/** Options of {@link toDot}. */
export interface DotOptions {
  /** GPUs to highlight: ordinals, or a placement on a server of this type. */
  readonly placement?: PlacedGpus | undefined;
  /** Text above the drawing; default: the title of the document. */
  readonly title?: string | undefined;
}

/** Shape and fill of each kind of device. */
const SHAPE: Readonly<Record<Device['kind'], string>> = {
  gpu: 'shape=box, style="filled,rounded", fillcolor="#E8F1DD"',
  nic: 'shape=box, style=filled, fillcolor="#E6E9F2"',
  numa: 'shape=box, style=filled, fillcolor="#F4F4F4"',
  socket: 'shape=box, style=filled, fillcolor="#FBE9D3"',
  'pcie-switch': 'shape=hexagon, style=filled, fillcolor="#DCE6F4"',
  nvswitch: 'shape=hexagon, style=filled, fillcolor="#D5E8C4"',
};
const PLACED = 'shape=box, style="filled,rounded,bold", fillcolor="#F7C948", color="#8A5A00", penwidth=2.5';

/**
 * A drawing of a server as Graphviz DOT: sockets as frames, links coloured by medium with their GB/s, the GPUs
 * of a placement highlighted.
 *
 * NVSwitches that link the same devices are drawn as one, and so is a mesh of equal links between all GPUs. Links inside a package are drawn without a figure:
 * they limit nothing.
 *
 * @param topology - a server type, as a topology or as a document
 * @param options - see {@link DotOptions}
 * @returns DOT text for `dot`; equal servers give equal text
 * @throws CorralError `invalid-option` for a GPU ordinal that does not exist, or a wrong option
 * @complexity O(devices + links)
 */
export function toDot(topology: ServerTopology | ServerDocument, options: DotOptions = {}): string {
  const server = asServer(topology, ['topology']);
  const given = readFields(options, ['placement', 'title']);
  const title = drawingText(given.title, server.document.title, ['title']);
  const gpus = placedGpus(given.placement ?? [], ['placement']);
  const placed = checkGroups(server, [{ name: undefined, gpus }], () => ['placement']).ofGpu;
  const drawing = mergeSwitches(server);
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
      const count = drawing.merged.get(device.id) ?? 1;
      lines.push(
        `${inside ? '    ' : '  '}${id(device.id)} [label=${text(labelOf(device, count))}, ${look}];`,
      );
    }
    if (inside) lines.push('  }');
  });
  const mesh = fullMesh(server.gpus, drawing);
  for (const link of drawing.links) {
    if (!mesh?.links.has(link)) lines.push(`  ${edge(link, drawing.kinds)}`);
  }
  if (mesh !== undefined) lines.push(...meshLines(server.gpus, mesh.link, drawing.kinds));
  lines.push('}', '');
  return lines.join('\n');
}

interface Drawing {
  readonly devices: readonly Device[];
  readonly links: readonly Link[];
  /** Id of a drawn device → how many it stands for. */
  readonly merged: ReadonlyMap<string, number>;
  readonly kinds: ReadonlyMap<string, Device['kind']>;
}

/** Draws NVSwitches with the same neighbours as one, their links summed. */
function mergeSwitches(server: ServerTopology): Drawing {
  const { devices, links } = server.document;
  const representative = new Map<string, string>();
  const byNeighbours = new Map<string, string>();
  const merged = new Map<string, number>();
  for (const device of devices) {
    if (device.kind !== 'nvswitch') continue;
    const key = JSON.stringify(
      neighboursOf(server, device.id)
        .map(({ id }) => id)
        .sort(),
    );
    const first = byNeighbours.get(key) ?? device.id;
    byNeighbours.set(key, first);
    representative.set(device.id, first);
    merged.set(first, (merged.get(first) ?? 0) + 1);
  }
  const sum = new Map<string, Link>();
  for (const link of links) {
    const [a, b] = link.between.map((end) => representative.get(end) ?? end) as [string, string];
    const key = JSON.stringify([a, b].sort());
    const known = sum.get(key);
    const bandwidthGBps = link.bandwidthGBps + (known?.bandwidthGBps ?? 0);
    sum.set(key, { ...link, between: [a, b], bandwidthGBps, links: (link.links ?? 1) + (known?.links ?? 0) });
  }
  return {
    devices: devices.filter((device) => (representative.get(device.id) ?? device.id) === device.id),
    links: [...sum.values()],
    merged,
    kinds: new Map(devices.map((device) => [device.id, device.kind])),
  };
}

/** From this many GPUs on, a link for every pair is drawn as one mesh. */
const MESH_GPUS_MIN = 4;

/** The links of a mesh in which every pair of GPUs has one, all alike; undefined if it is not so. */
function fullMesh(
  gpus: readonly string[],
  drawing: Drawing,
): { readonly links: ReadonlySet<Link>; readonly link: Link } | undefined {
  const among = drawing.links.filter(({ between }) =>
    between.every((end) => drawing.kinds.get(end) === 'gpu'),
  );
  const [link] = among;
  const complete = among.length === (gpus.length * (gpus.length - 1)) / 2;
  if (link === undefined || gpus.length < MESH_GPUS_MIN || !complete) return undefined;
  const alike = among.every((l) => l.medium === link.medium && l.bandwidthGBps === link.bandwidthGBps);
  return alike ? { links: new Set(among), link } : undefined;
}

/** A mesh as one vertex below the GPUs. */
function meshLines(
  gpus: readonly string[],
  link: Link,
  kinds: ReadonlyMap<string, Device['kind']>,
): string[] {
  const style = MEDIUM_STYLE[link.medium];
  let hub = 'mesh';
  // Ends: there are finitely many devices.
  while (kinds.has(hub)) hub += "'";
  const label = `${style.name}, every pair ${figure(link.bandwidthGBps)}`;
  return [
    `  ${id(hub)} [label=${text(label)}, shape=ellipse, style=dashed, color="${style.colour}", fontcolor="${style.colour}"];`,
    ...gpus.map(
      (gpu) => `  ${id(gpu)} -- ${id(hub)} [color="${style.colour}", penwidth=${style.width}, style=dashed];`,
    ),
  ];
}

/** Devices by socket in document order; those of no socket, and NVSwitches, which serve all, come last. */
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

/** Characters of a heading line: a drawing of a small server is not wider. */
const HEADING_LENGTH = 48;

/** The title in lines of words, and what the figures are. */
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
  // The model of a GPU is in the title; that of a NIC tells its port.
  return device.kind === 'nic' && device.model !== undefined ? `${name}\n${device.model}` : name;
}

function edge(link: Link, kinds: ReadonlyMap<string, Device['kind']>): string {
  const style = MEDIUM_STYLE[link.medium];
  const quiet = link.medium === 'on-package' || link.medium === 'on-chip';
  const [a, b] = order(link, kinds);
  const label = quiet ? '' : `, label=${text(` ${figure(link.bandwidthGBps)}`)}, fontcolor="${style.colour}"`;
  // Links across must not push one end below the other.
  const across = kinds.get(a) === kinds.get(b) ? ', constraint=false' : '';
  return `${id(a)} -- ${id(b)} [color="${style.colour}", penwidth=${style.width}${label}${across}, tooltip=${text(style.name)}];`;
}

/** Levels of the drawing, top down. */
const LEVEL: Readonly<Record<Device['kind'], number>> = {
  socket: 0,
  numa: 1,
  'pcie-switch': 2,
  nic: 3,
  gpu: 3,
  nvswitch: 4,
};

/** The end nearer the socket first, so that Graphviz puts it above. */
function order(link: Link, kinds: ReadonlyMap<string, Device['kind']>): readonly [string, string] {
  const [a, b] = link.between;
  return LEVEL[kinds.get(a)!] <= LEVEL[kinds.get(b)!] ? [a, b] : [b, a];
}

/** At most one decimal: 55.4, 386. */
function figure(gbps: number): string {
  return String(Math.round(gbps * 10) / 10);
}

/** An identifier as a quoted DOT id: any characters, nothing interpreted. */
function id(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A label: as {@link id}, with line ends kept. */
function text(value: string): string {
  return id(value).replaceAll('\n', '\\n');
}
