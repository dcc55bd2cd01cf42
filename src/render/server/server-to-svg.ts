import { asServer } from '../../catalogue/as-topology.js';
import { fieldNames, readFields } from '../../checks/fields.js';
import { CorralError } from '../../errors.js';
import type { ServerDocument } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';
import { drawingText } from '../svg/drawing-text.js';
import { stripePatterns } from '../svg/group-fill.js';
import { heading } from '../svg/heading.js';
import { legend } from '../svg/legend.js';
import { svgDocument } from '../svg/svg-element.js';
import { type DeviceBox, type MeasuredBox, measureBox, placeBox, type Stub } from './device-boxes.js';
import { drawBoxes, drawStubs } from './device-drawing.js';
import { type DeviceNode, deviceTree } from './device-tree.js';
import { fabricLinks } from './fabric-links.js';
import {
  type CheckedGroups,
  checkGroups,
  type GpuGroup,
  type PlacedGpus,
  placedGpus,
  readGroups,
} from './gpu-groups.js';
import { columnWidthMin, drawLanes, type LaneColumn, lanesHeight, planLanes } from './lane-drawing.js';
import { drawTrunks, drawWritten, writtenLink } from './other-links.js';
import { drawStraight, planRootLinks, rootGap } from './root-links.js';
import { gpuLanes } from './server-lanes.js';
import { serverLegend } from './server-legend.js';

/** Options of {@link serverToSvg}. */
export interface ServerSvgOptions {
  /** GPUs to highlight: ordinals, or a placement on a server of this type. Excludes `groups`. */
  readonly placement?: PlacedGpus | undefined;
  /** Sets of GPUs, each in its own colour; at most 256. After 12 groups colours repeat with stripes. */
  readonly groups?: readonly GpuGroup[] | undefined;
  /** Text above the drawing; default: the title of the document. */
  readonly title?: string | undefined;
}

const MARGIN = 16;
const SECTION_GAP = 12;
/** A narrower drawing is centred below its title. */
const WIDTH_MIN = 420;
const GPU_WIDTH_MIN = 48;
const OPTIONS = fieldNames<ServerSvgOptions>({ placement: true, groups: true, title: true });

/**
 * A drawing of a server as SVG: sockets as boxes that contain NUMA nodes, PCIe switches, GPUs and NICs, each below the
 * link that joins it to the box around it; the accelerator fabric below; every link coloured by medium and labelled
 * with its GB/s.
 *
 * NVSwitches that reach the same GPUs are one bar with their links summed; full meshes of four or more GPUs with
 * equal links are a dashed bar; other links between GPUs are arcs. Links inside a package have no figure: they limit
 * nothing. Links that neither nesting nor a line shows well, such as a second link to a NIC, are written below. Boxes
 * and lines have tooltips; their attributes `data-links` sum up to the links of the document.
 *
 * Long names are shortened in the middle to 130 pixels, by an estimate that is wide enough for Helvetica, Arial and
 * DejaVu Sans.
 *
 * @param topology - a server type, as a topology or as a document; 1,024 devices and 8,192 links at most, as in any document
 * @param options - see {@link ServerSvgOptions}
 * @returns a whole SVG document, without scripts, styles or references to anything outside; equal input, equal text
 * @throws CorralError `invalid-option` for a GPU ordinal that does not exist or a wrong option; `limit-exceeded`
 * for too many groups
 * @complexity O(devices + links), and for meshes the cliques of a graph of at most 16 GPUs
 * @example
 * ```ts
 * serverToSvg(topology('dgx-h100'), { groups: [{ name: 'job A', gpus: [0, 1] }, { gpus: [4, 5, 6, 7] }] });
 * ```
 */
export function serverToSvg(
  topology: ServerTopology | ServerDocument,
  options: ServerSvgOptions = {},
): string {
  const server = asServer(topology, ['topology']);
  const given = readFields(options, OPTIONS);
  const title = drawingText(given.title, server.document.title, ['title']);
  const groups = groupsOf(server, given);
  const tree = deviceTree(server);
  const fabric = fabricLinks(server, tree);
  const gpus = tree.roots.flatMap(gpusFromLeft);
  const lanes = planLanes(gpuLanes(fabric, new Map(gpus.map((gpu, i) => [gpu, i]))), gpus.length);
  const notes = ordinalNotes(server);
  const widthMin = Math.max(GPU_WIDTH_MIN, columnWidthMin(lanes));
  const rootLinks = planRootLinks(
    tree.roots.map(({ device }) => device.id),
    fabric,
  );
  const rootWidthMin = columnWidthMin(rootLinks.lanes);
  const roots = tree.roots.map((root): MeasuredBox => {
    const box = measureBox(root, { widthMin, notes });
    return { ...box, width: Math.max(box.width, rootWidthMin) };
  });
  const gaps = roots.slice(1).map((_, i) => rootGap(rootLinks, i));
  const contentWidth = [...roots.map((box) => box.width), ...gaps].reduce((sum, width) => sum + width, 0);
  const width = Math.max(WIDTH_MIN, contentWidth);

  const head = heading(title, subtitleOf(server), MARGIN, MARGIN, width);
  const top = MARGIN + head.height + SECTION_GAP + lanesHeight(rootLinks.lanes);
  const height = Math.max(...roots.map((box) => box.height));
  const boxes: DeviceBox[] = [];
  const stubs: Stub[] = [];
  const between: string[] = [];
  const rootColumns: LaneColumn[] = [];
  let left = MARGIN + (width - contentWidth) / 2;
  roots.forEach((box, i) => {
    placeBox(box, left, top, height, { boxes, stubs });
    const right = left + box.width;
    rootColumns.push({ left, right, edge: top });
    left = right + (gaps[i] ?? 0);
    const link = rootLinks.straight.get(i);
    if (link !== undefined) between.push(...drawStraight(link, right, left, top));
  });
  const above = drawLanes(rootLinks.lanes, rootColumns, top, -1);
  const bottom = top + height;
  const below = drawLanes(lanes, gpuColumns(boxes, gpus), bottom, 1);
  const groupBars = below.bars.filter(({ lane }) => lanes.lanes[lane]!.isSwitch);
  const trunks = drawTrunks(fabric, groupBars, below.bars);
  const others = [...trunks.written, ...[...rootLinks.written, ...fabric.others].map(writtenLink)];
  const written = drawWritten(others, MARGIN, bottom + below.height + SECTION_GAP, width);
  const keyTop = bottom + below.height + SECTION_GAP + written.height + (others.length > 0 ? SECTION_GAP : 0);
  const key = legend(serverLegend(server, fabric, groups), MARGIN, keyTop, width);
  return svgDocument(width + 2 * MARGIN, keyTop + key.height + MARGIN, [
    ...stripePatterns(groups.names.length),
    ...head.markup,
    ...drawBoxes(boxes, groups, notes),
    ...drawStubs(stubs),
    ...between,
    ...above.markup,
    ...below.markup,
    ...trunks.markup,
    ...written.markup,
    ...key.markup,
  ]);
}

function groupsOf(
  server: ServerTopology,
  { placement, groups }: Pick<ServerSvgOptions, 'placement' | 'groups'>,
): CheckedGroups {
  if (placement === undefined) {
    return checkGroups(server, readGroups(groups ?? []), (group) => ['groups', group, 'gpus']);
  }
  if (groups !== undefined) {
    throw new CorralError('invalid-option', ['groups'], 'placement is given too: make it one of the groups');
  }
  const gpus = placedGpus(placement, ['placement']);
  return checkGroups(server, [{ name: 'placement', gpus }], () => ['placement']);
}

function gpusFromLeft(node: DeviceNode): string[] {
  return node.device.kind === 'gpu'
    ? [node.device.id]
    : node.children.filter((child) => child.bearsGpu).flatMap(gpusFromLeft);
}

function gpuColumns(boxes: readonly DeviceBox[], gpus: readonly string[]): LaneColumn[] {
  const byId = new Map(boxes.map((box) => [box.node.device.id, box]));
  return gpus.map((gpu) => {
    const { x, y, width, height } = byId.get(gpu)!;
    return { left: x, right: x + width, edge: y + height };
  });
}

/** The ordinal of each GPU, unless all ids contain it. */
function ordinalNotes(server: ServerTopology): Map<string, string> {
  if (server.gpus.every((gpu, ordinal) => gpu.toLowerCase() === `gpu${ordinal}`)) return new Map();
  return new Map(server.gpus.map((gpu, ordinal) => [gpu, `GPU ${ordinal}`]));
}

function subtitleOf({ document, gpus }: ServerTopology): string {
  const model = gpus.length === 0 ? '' : `${gpus.length} × ${document.gpuModel}; `;
  return `${model}figures in GB/s per direction`;
}
