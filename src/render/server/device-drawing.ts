import type { Device } from '../../topology/server-document.js';
import { groupPaint } from '../svg/group-fill.js';
import { DEVICE_STYLE, MEDIUM_STYLE } from '../svg/styles.js';
import { element, pixels, textElement, tooltip } from '../svg/svg-element.js';
import { type DeviceBox, FIGURE_SIZE, HEADER, NAME_SIZE, type Stub, stubLabel } from './device-boxes.js';
import type { CheckedGroups } from './gpu-groups.js';
import { linkTooltip } from './server-lanes.js';

/** Pixels from the top of a GPU box to the middle of its name, without and with a note, and of the note. */
const GPU_NAME = 18;
const NOTED_GPU_NAME = 12;
const GPU_NOTE = 27;

/** The border of a GPU that is in a group. */
const PLACED_STROKE = '#3A3A3A';

/** Boxes as markup, outer ones first. */
export function drawBoxes(
  boxes: readonly DeviceBox[],
  groups: CheckedGroups,
  notes: ReadonlyMap<string, string>,
): string[] {
  return boxes.map((box) => {
    const { device, children } = box.node;
    const { x, y, width, height } = box;
    const style = DEVICE_STYLE[device.kind];
    const own = groups.ofGpu.get(device.id) ?? [];
    const [first] = own;
    const note = notes.get(device.id);
    const isGpu = device.kind === 'gpu';
    // A high GPU box without content has its name in the middle.
    const slack = isGpu && children.length === 0 ? (height - 2 * GPU_NAME) / 2 : 0;
    const nameY = isGpu ? (note === undefined ? GPU_NAME : NOTED_GPU_NAME) + slack : HEADER / 2;
    const frame = { x, y, width, height, rx: isGpu ? 4 : 3 };
    const bands = own.length > 1 ? ownBands(box, own) : [];
    return element('g', {}, [
      tooltip(describe(device, groups, own)),
      element('rect', {
        class: 'box',
        ...frame,
        fill: first === undefined ? style.fill : groupPaint(first),
        stroke: first === undefined ? style.stroke : PLACED_STROKE,
        'stroke-width': first === undefined ? 1 : 2,
        'stroke-dasharray': isOtherNic(device) ? '3 2' : undefined,
      }),
      ...bands,
      ...(isGpu || children.length === 0 ? [] : [headerBand(box)]),
      textElement(box.label, x + width / 2, y + nameY, {
        fontSize: NAME_SIZE,
        anchor: 'middle',
        bold: isGpu,
      }),
      ...(note === undefined
        ? []
        : [
            textElement(note, x + width / 2, y + GPU_NOTE + slack, {
              fontSize: FIGURE_SIZE,
              anchor: 'middle',
            }),
          ]),
    ]);
  });
}

/** True for a NIC that carries no collectives. */
export function isOtherNic({ role }: Device): boolean {
  return role !== undefined && role !== 'compute';
}

/** The band behind the name of a box with content; the links to the content start from it. */
function headerBand({ node, x, y, width }: DeviceBox): string {
  const { stroke } = DEVICE_STYLE[node.device.kind];
  return element('rect', { x, y, width, height: HEADER, rx: 3, fill: stroke, 'fill-opacity': '0.35' });
}

/** The colours of the groups that share a GPU, side by side inside its border. */
function ownBands({ x, y, width, height }: DeviceBox, own: readonly number[]): string[] {
  const band = (width - 2) / own.length;
  return own.map((group, i) =>
    element('rect', {
      x: x + 1 + i * band,
      y: y + 1,
      width: band,
      height: height - 2,
      fill: groupPaint(group),
    }),
  );
}

function describe(device: Device, groups: CheckedGroups, own: readonly number[]): string {
  const { id, kind, model, memoryGiB, role } = device;
  const facts = [
    `${id}: ${DEVICE_STYLE[kind].name}`,
    model,
    memoryGiB === undefined ? undefined : `${memoryGiB} GiB`,
    role,
    ...own.map((group) => groups.names[group]),
  ];
  return facts.filter((fact) => fact !== undefined).join(', ');
}

/** Draws the links of nested boxes and their figures. */
export function drawStubs(stubs: readonly Stub[]): string[] {
  const lines = stubs.map(({ link, from, to }) => {
    const { colour, width } = MEDIUM_STYLE[link.medium];
    const across = from[0] === to[0] ? '' : `H${pixels(to[0])}`;
    return element('g', { 'data-links': '1' }, [
      tooltip(linkTooltip(link)),
      element('path', {
        d: `M${pixels(from[0])} ${pixels(from[1])}V${pixels(to[1])}${across}`,
        fill: 'none',
        stroke: colour,
        'stroke-width': width,
      }),
    ]);
  });
  const labels = stubs.flatMap(({ link, labelAt }) => {
    const label = stubLabel(link);
    if (labelAt === undefined || label === '') return [];
    const { colour } = MEDIUM_STYLE[link.medium];
    return [textElement(label, labelAt[0], labelAt[1], { fontSize: FIGURE_SIZE, colour })];
  });
  return [...lines, ...labels];
}
