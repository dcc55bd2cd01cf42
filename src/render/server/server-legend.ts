import { DEVICE_KINDS, MEDIA } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';
import { groupPaint } from '../svg/group-fill.js';
import type { LegendEntry } from '../svg/legend.js';
import { DEVICE_STYLE, MEDIUM_STYLE } from '../svg/styles.js';
import { counted } from '../svg/svg-text.js';
import { isOtherNic } from './device-drawing.js';
import type { FabricLinks } from './fabric-links.js';
import type { CheckedGroups } from './gpu-groups.js';

/** Most groups that a legend names; the others are counted. */
const GROUPS_NAMED_MAX = 24;

/** The legend of a server drawing: sections of the groups, boxes and lines that occur in it. */
export function serverLegend(
  server: ServerTopology,
  fabric: FabricLinks,
  groups: CheckedGroups,
): LegendEntry[][] {
  const { devices, links } = server.document;
  const boxes = DEVICE_KINDS.filter((kind) => devices.some((device) => device.kind === kind)).map(
    (kind): LegendEntry => {
      const { fill, stroke, name } = DEVICE_STYLE[kind];
      return { label: name, swatch: { fill, stroke } };
    },
  );
  if (devices.some(isOtherNic)) {
    const { fill, stroke } = DEVICE_STYLE.nic;
    boxes.push({ label: 'NIC for storage or front end', swatch: { fill, stroke, dashed: true } });
  }
  const lines = MEDIA.filter((medium) => links.some((link) => link.medium === medium)).map(
    (medium): LegendEntry => {
      const { colour, width, name } = MEDIUM_STYLE[medium];
      return { label: name, swatch: { line: colour, width } };
    },
  );
  const [mesh] = [...fabric.gpuMeshes, ...fabric.rootMeshes];
  if (mesh !== undefined) {
    const { colour } = MEDIUM_STYLE[mesh.links[0]!.medium];
    lines.push({
      label: 'a link between every two',
      swatch: { fill: '#FFFFFF', stroke: colour, dashed: true },
    });
  }
  return [groupEntries(groups.names, groups.sizes), boxes, lines];
}

/**
 * Legend entries of groups of GPUs: the first 24 by name and size, the others counted.
 *
 * @param sizes - GPUs of each group
 */
export function groupEntries(names: readonly string[], sizes: readonly number[]): LegendEntry[] {
  const entries = names.slice(0, GROUPS_NAMED_MAX).map((name, i): LegendEntry => {
    return {
      label: `${name} (${counted(sizes[i]!, 'GPU')})`,
      swatch: { fill: groupPaint(i), stroke: '#3A3A3A' },
    };
  });
  const more = names.length - entries.length;
  if (more > 0) {
    entries.push({ label: `and ${more} more`, swatch: { fill: '#FFFFFF', stroke: '#BBBBBB', dashed: true } });
  }
  return entries;
}
