import type { ClusterTopology } from '../../topology/types.js';
import { SHELF_GAP, shelves } from '../svg/shelves.js';
import { textWidth } from '../svg/svg-text.js';

/** Sizes in pixels; they depend on the number of servers. */
export interface Detail {
  /** Side of the square that is a GPU. */
  readonly cell: number;
  /** Pixels between two servers. */
  readonly rowGap: number;
  /** Font size of the names of domains. */
  readonly nameSize: number;
  /** Font size of the names of servers; 0 = names are in tooltips only. */
  readonly serverSize: number;
}

/** Most servers of one drawing: with more, a GPU would be too small to see. */
export const SERVERS_DRAWN_MAX = 4096;
const DETAILS: readonly (Detail & { readonly serversMax: number })[] = [
  { serversMax: 64, cell: 16, rowGap: 3, nameSize: 13, serverSize: 11 },
  { serversMax: 192, cell: 12, rowGap: 3, nameSize: 12, serverSize: 10 },
  { serversMax: 1024, cell: 8, rowGap: 2, nameSize: 11, serverSize: 0 },
  { serversMax: SERVERS_DRAWN_MAX, cell: 5, rowGap: 1, nameSize: 10, serverSize: 0 },
];

/** A domain of a tier with its position, or the whole cluster if it has no tiers. */
export interface DomainBox {
  /** −1 for the whole cluster. */
  readonly tier: number;
  readonly domain: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One column of servers inside a domain of the narrowest tier. */
export interface ServerColumn {
  /** Positions of servers, from top to bottom. */
  readonly servers: readonly number[];
  /** Left border of the cells, and top of the first row. */
  readonly x: number;
  readonly y: number;
}

/** The positions of everything in a cluster drawing. */
export interface ClusterLayout {
  readonly detail: Detail;
  /** Widest tier first, so that inner boxes are drawn over outer ones. */
  readonly domains: readonly DomainBox[];
  readonly columns: readonly ServerColumn[];
  /** Pixels for the name of a server left of its cells. */
  readonly labelWidth: number;
  readonly width: number;
  readonly height: number;
}

const PADDING = 6;
/** Longest name of a server, pixels. */
const LABEL_WIDTH_MAX = 110;
/** Most servers of one column; both are tried, and the better layout is used. */
const ROWS = [32, 20] as const;
/** The desired width of the drawing divided by its height. */
const ASPECT = 1.7;
const WIDTH_MIN = 520;
/** Most pixels of a domain's name that its box is made wide enough for. */
const NAME_WIDTH_MAX = 64;
/** Widths of the drawing to try, as multiples of the width that follows from its area. */
const WIDTH_FACTORS = [0.7, 0.85, 1, 1.2, 1.45, 1.75, 2.1] as const;

/** A domain with its size, and the positions of its content relative to its corner. */
interface Block {
  readonly tier: number;
  readonly domain: number;
  readonly servers: readonly number[];
  readonly children: readonly Block[];
  width: number;
  height: number;
  /** Corner of each child, or of each column of servers. */
  corners: readonly (readonly [x: number, y: number])[];
}

/** Sizes that are equal in all layouts that are tried. */
interface Sizes {
  readonly detail: Detail;
  readonly labelWidth: number;
  /** Width of a column of servers with their names; height of a server with the gap below it. */
  readonly columnWidth: number;
  readonly rowHeight: number;
  /** Height of the line with the name of a domain. */
  readonly header: number;
  /** Smallest width of a domain, by its name. */
  readonly domainWidthMin: number;
}

/**
 * Computes the layout of a cluster. Each domain of the narrowest tier is a column of servers (several columns if it
 * has more than 32); domains of wider tiers are boxes around them, in lines. Of 14 such layouts the one with the
 * shape nearest to 1.7 : 1 is used.
 *
 * @complexity O(servers + domains)
 */
export function clusterLayout(cluster: ClusterTopology): ClusterLayout {
  const sizes = sizesOf(cluster);
  const tops = blocksOf(cluster);
  const leaves = tops.flatMap(leavesOf);
  let best = { rows: 0, widthMax: 0 };
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const rows of ROWS) {
    for (const leaf of leaves) measureLeaf(leaf, rows, sizes);
    const area = leaves.reduce((sum, leaf) => sum + (leaf.width + SHELF_GAP) * (leaf.height + SHELF_GAP), 0);
    for (const factor of WIDTH_FACTORS) {
      const widthMax = Math.max(WIDTH_MIN, factor * Math.sqrt(area * ASPECT));
      for (const block of tops) measureInner(block, widthMax, sizes);
      const { width, height } = shelves(tops, widthMax);
      const distance = Math.abs(Math.log(Math.max(width, WIDTH_MIN) / height / ASPECT));
      // A small improvement does not count: the first layouts have a whole domain in one column.
      if (distance < bestDistance - 0.05) {
        best = { rows, widthMax };
        bestDistance = distance;
      }
    }
  }
  for (const leaf of leaves) measureLeaf(leaf, best.rows, sizes);
  for (const block of tops) measureInner(block, best.widthMax, sizes);
  return placed(tops, best.widthMax, sizes);
}

function sizesOf({ servers, tiers }: ClusterTopology): Sizes {
  const detail = DETAILS.find(({ serversMax }) => servers.length <= serversMax)!;
  const { cell, rowGap, nameSize, serverSize } = detail;
  const widest = (names: readonly string[], fontSize: number, bold: boolean, max: number): number =>
    // No more characters than the narrowest ones would fill.
    Math.min(max, Math.max(...names.map((name) => textWidth(name.slice(0, max), fontSize, bold))));
  const labelWidth =
    serverSize === 0
      ? 0
      : widest(
          servers.map(({ id }) => id),
          serverSize,
          false,
          LABEL_WIDTH_MAX,
        ) + 5;
  const gpusMax = servers.reduce((most, { type }) => Math.max(most, type.gpus.length), 1);
  return {
    detail,
    labelWidth,
    columnWidth: labelWidth + gpusMax * cell,
    rowHeight: cell + rowGap,
    header: nameSize + 7,
    domainWidthMin: widest(tiers.at(-1)?.domains ?? ['cluster'], nameSize, true, NAME_WIDTH_MAX) + 9,
  };
}

function leavesOf(block: Block): Block[] {
  return block.children.length === 0 ? [block] : block.children.flatMap(leavesOf);
}

function measureLeaf(leaf: Block, rowsMax: number, sizes: Sizes): void {
  const { columnWidth, rowHeight, header, detail } = sizes;
  const count = leaf.servers.length;
  // A domain of very many servers gets so many rows that it has the desired shape by itself.
  const square = Math.ceil(Math.sqrt((count * columnWidth) / (ASPECT * rowHeight)));
  const most = Math.max(rowsMax, square);
  const rows = Math.ceil(count / Math.ceil(count / most));
  const columns = Math.ceil(count / rows);
  const width = columns * columnWidth + (columns - 1) * SHELF_GAP;
  leaf.width = Math.max(sizes.domainWidthMin, width + 2 * PADDING);
  leaf.height = header + rows * rowHeight - detail.rowGap + PADDING;
  const left = (leaf.width - width) / 2;
  leaf.corners = Array.from({ length: columns }, (_, i) => [left + i * (columnWidth + SHELF_GAP), header]);
}

function measureInner(block: Block, widthMax: number, sizes: Sizes): void {
  if (block.children.length === 0) return;
  for (const child of block.children) measureInner(child, widthMax - 2 * PADDING, sizes);
  const inside = shelves(block.children, widthMax - 2 * PADDING);
  block.width = Math.max(sizes.domainWidthMin, inside.width + 2 * PADDING);
  block.height = sizes.header + inside.height + PADDING;
  block.corners = inside.corners.map(([left, top]) => [left + PADDING, top + sizes.header]);
}

function placed(tops: readonly Block[], widthMax: number, { detail, labelWidth }: Sizes): ClusterLayout {
  const domains: DomainBox[] = [];
  const columns: ServerColumn[] = [];
  const place = (block: Block, left: number, top: number): void => {
    const { tier, domain, width, height, children, corners } = block;
    domains.push({ tier, domain, x: left, y: top, width, height });
    children.forEach((child, i) => {
      place(child, left + corners[i]![0], top + corners[i]![1]);
    });
    if (children.length > 0) return;
    const rows = Math.ceil(block.servers.length / corners.length);
    corners.forEach(([cornerX, cornerY], i) => {
      const servers = block.servers.slice(i * rows, (i + 1) * rows);
      columns.push({ servers, x: left + cornerX + labelWidth, y: top + cornerY });
    });
  };
  const page = shelves(tops, widthMax);
  tops.forEach((block, i) => {
    place(block, ...page.corners[i]!);
  });
  return { detail, domains, columns, labelWidth, width: page.width, height: page.height };
}

/**
 * The tree of domains with the servers in those of the narrowest tier; without tiers the whole cluster is one domain.
 */
function blocksOf({ tiers, servers }: ClusterTopology): Block[] {
  const block = (
    tier: number,
    domain: number,
    own: readonly number[],
    children: readonly Block[],
  ): Block => ({
    tier,
    domain,
    servers: own,
    children,
    width: 0,
    height: 0,
    corners: [],
  });
  const narrowest = tiers.at(-1);
  if (narrowest === undefined) return [block(-1, 0, [...servers.keys()], [])];
  const members: number[][] = narrowest.domains.map(() => []);
  servers.forEach(({ domains }, i) => {
    members[domains.at(-1)!]!.push(i);
  });
  let level = members.map((own, domain) => block(tiers.length - 1, domain, own, []));
  for (let tier = tiers.length - 1; tier > 0; tier--) {
    const inside: Block[][] = tiers[tier - 1]!.domains.map(() => []);
    level.forEach((child, i) => {
      inside[tiers[tier]!.parents[i]!]!.push(child);
    });
    level = inside.map((children, domain) => block(tier - 1, domain, [], children));
  }
  return level;
}
