import { remembered } from '../../remembered.js';
import type { DeviceKind, Link } from '../../topology/server-document.js';
import { figure, fittedEnds, printable, textWidth } from '../svg/svg-text.js';
import type { DeviceNode } from './device-tree.js';

/** Font size of names in boxes and of figures on links, pixels. */
export const NAME_SIZE = 13;
export const FIGURE_SIZE = 11;
/** Widest name in a box, pixels; a longer one is cut, its tooltip has it whole. */
const NAME_WIDTH_MAX = 130;
/** From the border of a box to what is inside, and between neighbours. */
const PADDING = 7;
const GAP = 8;
/** Height of the line with the name, and of the strip of links below it. */
export const HEADER = 20;
const STRIP = 19;
/** From the stem of a stack of devices to the devices. */
const BRANCH = 9;
/** From the side of a box to its stub, at least. */
const STUB_INSET = 8;
/** A stack of devices is at least as high as this before it goes on in another column. */
const STACK_HEIGHT_MIN = 110;

/** Heights of boxes with nothing inside. */
const LEAF_HEIGHT: Readonly<Record<DeviceKind, number>> = {
  gpu: 36,
  nic: 20,
  numa: HEADER,
  socket: HEADER,
  'pcie-switch': HEADER,
  nvswitch: HEADER,
};

/** What the caller decides about GPU boxes. */
export interface GpuBoxes {
  /** Narrowest GPU box, so that all links down from it have room. */
  readonly widthMin: number;
  /** A second line below the name, by device id. */
  readonly notes: ReadonlyMap<string, string>;
}

/** A device with its place on the drawing. */
export interface DeviceBox {
  readonly node: DeviceNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The name as it fits. */
  readonly label: string;
}

/** The link of one box to the box around it: a stem down from the header, and a branch to the side for stacks. */
export interface Stub {
  readonly link: Link;
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  /** Where the figure stands, if it is not said by the stub above. */
  readonly labelAt: readonly [x: number, y: number] | undefined;
}

/** All boxes of a drawing, outer ones before inner ones, and the links that nest them. */
export interface DeviceBoxes {
  readonly boxes: readonly DeviceBox[];
  readonly stubs: readonly Stub[];
}

/** Devices without GPUs inside, one below the other, all on equal links. */
interface Stack {
  readonly items: readonly MeasuredBox[];
  readonly width: number;
  readonly height: number;
}

/** A box and what is inside, with the room it needs. */
export interface MeasuredBox {
  readonly node: DeviceNode;
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly row: readonly MeasuredBox[];
  readonly stacks: readonly Stack[];
  readonly contentWidth: number;
}

/** The figure on the link of a nested box; links inside a package limit nothing and have none. */
export function stubLabel(link: Link): string {
  return link.medium === 'on-package' || link.medium === 'on-chip' ? '' : linkLabel(link);
}

/** GB/s of a link, and what one flow reaches where that is less. */
export function linkLabel(link: Link): string {
  const { bandwidthGBps, flowCapGBps } = link;
  const capped = flowCapGBps !== undefined && flowCapGBps < bandwidthGBps;
  return capped ? `${figure(bandwidthGBps)} (${figure(flowCapGBps)} per flow)` : figure(bandwidthGBps);
}

/**
 * The room that a device and all inside it need: GPUs, and boxes with GPUs inside, side by side, so that nothing
 * lies below a GPU; what has no GPU in stacks beside them.
 *
 * @complexity O(devices inside)
 */
export function measureBox(node: DeviceNode, gpus: GpuBoxes): MeasuredBox {
  const { device, children } = node;
  const row = children.filter((child) => child.bearsGpu).map((child) => measureBox(child, gpus));
  const rowHeight = Math.max(0, ...row.map((box) => box.height));
  const barren = children.filter((child) => !child.bearsGpu).map((child) => measureBox(child, gpus));
  const stacks = stacksOf(barren, Math.max(rowHeight, STACK_HEIGHT_MIN));
  const parts = [...row.map((box) => cellWidth(box)), ...stacks.map((stack) => stack.width)];
  const contentWidth = parts.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, parts.length - 1);
  const contentHeight = Math.max(rowHeight, ...stacks.map((stack) => stack.height));
  const label = fittedEnds(printable(device.id), NAME_SIZE, NAME_WIDTH_MAX, true);
  const note = gpus.notes.get(device.id);
  const ownWidth =
    Math.max(textWidth(label, NAME_SIZE, true), note === undefined ? 0 : textWidth(note, FIGURE_SIZE)) +
    2 * PADDING;
  const header = device.kind === 'gpu' ? LEAF_HEIGHT.gpu : HEADER;
  return {
    node,
    label,
    row,
    stacks,
    contentWidth,
    width: Math.max(
      ownWidth,
      parts.length > 0 ? contentWidth + 2 * PADDING : 0,
      device.kind === 'gpu' ? gpus.widthMin : 0,
    ),
    height: parts.length > 0 ? header + STRIP + contentHeight + PADDING : LEAF_HEIGHT[device.kind],
  };
}

/** A box in a row: its stub comes from above, the figure stands right of the stub. */
function cellWidth(box: MeasuredBox): number {
  return Math.max(box.width, STUB_INSET + figureRoom(box));
}

function figureRoom({ node }: MeasuredBox): number {
  const label = node.link === undefined ? '' : stubLabel(node.link);
  return label === '' ? 0 : textWidth(label, FIGURE_SIZE) + 8;
}

function stacksOf(boxes: readonly MeasuredBox[], heightMax: number): Stack[] {
  const byLink = new Map<string, MeasuredBox[]>();
  for (const box of boxes) {
    const link = box.node.link!;
    remembered(byLink, JSON.stringify([link.medium, stubLabel(link)]), () => []).push(box);
  }
  const stacks: Stack[] = [];
  for (const alike of byLink.values()) {
    let items: MeasuredBox[] = [];
    let height = 0;
    const close = (): void => {
      const width = Math.max(figureRoom(items[0]!), ...items.map((box) => BRANCH + box.width));
      stacks.push({ items, width, height: height - GAP / 2 });
      items = [];
      height = 0;
    };
    for (const box of alike) {
      if (items.length > 0 && height + box.height > heightMax) close();
      items.push(box);
      height += box.height + GAP / 2;
    }
    close();
  }
  return stacks;
}

/**
 * Gives a measured box and all inside it a place.
 *
 * @param box - as {@link measureBox} returns it
 * @param height - of the box, at least what it needs: neighbours are made equally high
 * @param into - where boxes and stubs are added
 */
export function placeBox(
  box: MeasuredBox,
  x: number,
  y: number,
  height: number,
  into: { readonly boxes: DeviceBox[]; readonly stubs: Stub[] },
): void {
  const { node, label, row, stacks, width } = box;
  into.boxes.push({ node, label, x, y, width, height });
  if (row.length + stacks.length === 0) return;
  const stemTop = y + (node.device.kind === 'gpu' ? LEAF_HEIGHT.gpu : HEADER);
  const top = stemTop + STRIP;
  const rowHeight = y + height - PADDING - top;
  const figureY = stemTop + STRIP / 2;
  let left = x + (width - box.contentWidth) / 2;
  for (const child of row) {
    const room = cellWidth(child);
    // In the middle, or as far to the left as the figure needs.
    const stem = left + Math.min(room / 2, room - figureRoom(child));
    into.stubs.push({
      link: child.node.link!,
      from: [stem, stemTop],
      to: [stem, top],
      labelAt: [stem + 4, figureY],
    });
    placeBox(child, left + (room - child.width) / 2, top, rowHeight, into);
    left += room + GAP;
  }
  for (const stack of stacks) {
    const stem = left + 2;
    let itemTop = top;
    stack.items.forEach((child, i) => {
      const branch = itemTop + Math.min(child.height, HEADER) / 2;
      into.stubs.push({
        link: child.node.link!,
        from: [stem, stemTop],
        to: [left + BRANCH, branch],
        labelAt: i === 0 ? [stem + 4, figureY] : undefined,
      });
      placeBox(child, left + BRANCH, itemTop, child.height, into);
      itemTop += child.height + GAP / 2;
    });
    left += stack.width + GAP;
  }
}
