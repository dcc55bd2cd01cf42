import type { Link } from '../../topology/server-document.js';
import { MEDIUM_STYLE } from '../svg/styles.js';
import { counted, figure, printable } from '../svg/svg-text.js';
import { linkLabel } from './device-boxes.js';
import type { FabricLinks, SwitchGroup } from './fabric-links.js';
import type { Lane } from './lane-drawing.js';
import type { Mesh } from './meshes.js';

/** Fewest columns of a bar that is wide enough for words besides figures. */
const WORDY_BAR_MIN = 4;

/**
 * The lanes below the GPUs: single links, meshes, switches, in this order.
 *
 * @param columnOf - GPU id → position from left to right
 */
export function gpuLanes(fabric: FabricLinks, columnOf: ReadonlyMap<string, number>): Lane[] {
  return [
    ...fabric.gpuPairs.map((link) => pairLane(link, columnOf)),
    ...fabric.gpuMeshes.map((mesh) => meshLane(mesh, columnOf)),
    ...fabric.switchGroups.map((group) => switchLane(group, columnOf)),
  ];
}

/** A single link as an arc. */
export function pairLane(link: Link, columnOf: ReadonlyMap<string, number>): Lane {
  return {
    columns: link.between.map((end) => columnOf.get(end)!).sort((a, b) => a - b),
    isBar: false,
    isSwitch: false,
    medium: link.medium,
    linkCount: 1,
    strength: link.links ?? 1,
    label: linkLabel(link),
    tooltip: linkTooltip(link),
    riserLabels: undefined,
  };
}

/** A full mesh of equal links as a dashed bar. */
export function meshLane({ members, links }: Mesh, columnOf: ReadonlyMap<string, number>): Lane {
  const { name } = MEDIUM_STYLE[links[0]!.medium];
  const each = linkLabel(links[0]!);
  const wordy = members.length >= WORDY_BAR_MIN;
  return {
    columns: members.map((member) => columnOf.get(member)!).sort((a, b) => a - b),
    isBar: true,
    isSwitch: false,
    medium: links[0]!.medium,
    linkCount: links.length,
    strength: 1,
    label: wordy ? `${name}, every pair ${each} (${links.length} links)` : `every pair ${each}`,
    tooltip: `${name} between every two of ${members.join(', ')}: ${each} GB/s each, ${links.length} links`,
    riserLabels: undefined,
  };
}

/** The name of a group of switches. */
export function switchName({ switches }: SwitchGroup): string {
  return switches.length > 1 ? `${switches.length} × NVSwitch` : 'NVSwitch';
}

function switchLane(group: SwitchGroup, columnOf: ReadonlyMap<string, number>): Lane {
  const spokes = [...group.spokes].sort((a, b) => columnOf.get(a.gpu)! - columnOf.get(b.gpu)!);
  const labels = spokes.map(({ bandwidthGBps }) => figure(bandwidthGBps));
  const equal = labels.every((label) => label === labels[0]);
  const name = switchName(group);
  const inner = group.inner.length;
  const suffix = equal ? `, ${labels[0]}${spokes.length >= WORDY_BAR_MIN ? ' per GPU' : ''}` : '';
  const spokeLinks = spokes.reduce((sum, { links }) => sum + links.length, 0);
  return {
    columns: spokes.map(({ gpu }) => columnOf.get(gpu)!),
    isBar: true,
    isSwitch: true,
    medium: group.medium,
    linkCount: spokeLinks + inner,
    strength: 1,
    label: `${name}${suffix}`,
    tooltip:
      `${group.switches.map(({ id }) => id).join(', ')}: ${MEDIUM_STYLE[group.medium].name} to ${spokes.length} GPUs, ` +
      spokes.map(({ gpu }, i) => `${gpu} ${labels[i]}`).join(', ') +
      (inner > 0 ? `; ${counted(inner, 'link')} among the switches` : ''),
    riserLabels: equal ? undefined : labels,
  };
}

/** A link as text: its ends, its medium, its figures. */
export function linkTooltip(link: Link): string {
  const { between, medium, links } = link;
  const count = links === undefined ? '' : `, ${counted(links, 'link')}`;
  return printable(
    `${between[0]} – ${between[1]}: ${MEDIUM_STYLE[medium].name}, ${linkLabel(link)} GB/s${count}`,
  );
}
