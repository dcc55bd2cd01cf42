import { GROUP_COLOURS, groupLook } from './styles.js';
import { element } from './svg-element.js';

/** The paint of a group of GPUs: a colour, or the pattern of a striped one. */
export function groupPaint(position: number): string {
  const { colour, striped } = groupLook(position);
  return striped ? `url(#corral-stripes-${position % GROUP_COLOURS.length})` : colour;
}

/** The patterns that {@link groupPaint} refers to, for so many groups; empty where no group is striped. */
export function stripePatterns(groups: number): string[] {
  const count = Math.max(0, groups - GROUP_COLOURS.length);
  if (count === 0) return [];
  const patterns = GROUP_COLOURS.slice(0, count).map((colour, i) =>
    stripePattern(`corral-stripes-${i}`, colour, '#333333'),
  );
  return [element('defs', {}, patterns)];
}

/** A pattern of slanted stripes, 1.4 pixels wide every 4 pixels, to be referred to by its id. */
export function stripePattern(id: string, ground: string, stripe: string): string {
  const tile = { id, width: 4, height: 4, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
  return element('pattern', tile, [
    element('rect', { width: 4, height: 4, fill: ground }),
    element('rect', { width: 1.4, height: 4, fill: stripe }),
  ]);
}
