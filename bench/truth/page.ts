import {
  type AcrossRow,
  type AllReduceRow,
  acrossRows,
  insideRows,
  SWEEPS,
  sweepRows,
} from './all-reduce-rows.js';
import { contentionRows } from './contention-rows.js';
import { leftOutRows } from './left-out.js';
import { gbps, isWithinTenPercent, markdownTable, ratio } from './markdown.js';
import { type MeasuredRow, measurement } from './measured-data.js';
import { ncclLimitRows } from './nccl-limits.js';
import {
  type HostMemoryRow,
  hostMemoryRows,
  NODES_WITHOUT_INPUT,
  type OverNodesRow,
  overNodesRows,
} from './nccl-over-nodes.js';
import { CASES_WITHOUT_INPUT, type NcclRow, ncclRows } from './nccl-rows.js';
import { NO_PATH_GBPS } from './nccl-search.js';
import { notCompared } from './not-compared.js';
import { linkRows, matrixRows } from './pair-rows.js';

/** The computed parts of the page, by the name in its markers. */
export type Sections = Readonly<Record<string, string>>;

/** Computes every table of the page; the same text on every machine. */
export function sections(): Sections {
  const nccl = ncclRows();
  const links = [...matrixRows(), ...linkRows()];
  const contention = contentionRows();
  const inside = insideRows();
  const across = acrossRows();
  const overNodes = overNodesRows();
  const hostMemory = hostMemoryRows();
  return {
    summary: summary(nccl, overNodes, hostMemory, { links, contention, inside, across }),
    nccl: ncclTable(nccl),
    limits: limitTable(),
    'host-memory': hostMemoryTable(hostMemory),
    'over-nodes': overNodesTable(overNodes),
    'nccl-rest': ncclRest(),
    'left-out': markdownTable(['what', 'example', 'ours', 'it should be'], leftOutRows()),
    links: measuredTable(links),
    contention: measuredTable(contention),
    inside: insideTable(inside),
    sweeps: sweepTable(),
    across: acrossTable(across),
    rest: markdownTable(
      ['measurement', 'id', 'why not'],
      notCompared.map((row) => [row.what, row.id, row.reason]),
    ),
    sources: markdownTable(['id', 'source'], sourceRows([...links, ...contention, ...inside, ...across])),
  };
}

/**
 * Puts computed text between the markers `<!-- name -->` and `<!-- /name -->` of a page.
 *
 * @throws Error if the page lacks a marker of a text
 */
export function fillPage(page: string, texts: Sections): string {
  let filled = page;
  for (const [name, text] of Object.entries(texts)) {
    const open = `<!-- ${name} -->`;
    const close = `<!-- /${name} -->`;
    const from = filled.indexOf(open);
    const to = filled.indexOf(close);
    if (from < 0 || to < from) throw new Error(`the page has no markers ${open} … ${close}`);
    filled = `${filled.slice(0, from + open.length)}\n\n${text}\n\n${filled.slice(to)}`;
  }
  return filled;
}

function ncclTable(rows: readonly NcclRow[]): string {
  return markdownTable(
    [
      'row',
      'input',
      'our ring',
      'our optimal',
      'NCCL ring',
      'NCCL best',
      'ring ÷ ring',
      'optimal ÷ best',
      'why',
    ],
    rows.map((row) => [
      row.name,
      row.input,
      gbps(row.ringGBps),
      gbps(row.optimalGBps),
      `${row.ncclRing} = ${gbps(row.ncclRingGBps)}`,
      `${row.ncclBest} ${gbps(row.ncclBestGBps)}`,
      ratio(row.ringGBps / row.ncclRingGBps),
      ratio(row.optimalGBps / row.ncclBestGBps),
      row.why,
    ]),
  );
}

function limitTable(): string {
  return markdownTable(
    ['input', 'our ring', 'our optimal', 'NCCL best', 'ring ÷ best', 'optimal ÷ best', 'why'],
    ncclLimitRows().map((row) => [
      row.input,
      gbps(row.ringGBps),
      gbps(row.optimalGBps),
      gbps(row.ncclBestGBps),
      ratio(row.ringGBps / row.ncclBestGBps),
      ratio(row.optimalGBps / row.ncclBestGBps),
      row.why,
    ]),
  );
}

function ncclRest(): string {
  return Object.entries({ ...CASES_WITHOUT_INPUT, ...NODES_WITHOUT_INPUT })
    .map(([name, reason]) => `* ${name}: ${reason}.`)
    .join('\n');
}

function hostMemoryTable(rows: readonly HostMemoryRow[]): string {
  return markdownTable(
    ['row', 'our ring', 'NCCL ring', 'ratio', 'why'],
    rows.map((row) => [
      row.name,
      gbps(row.ringGBps),
      `${row.ncclRing} = ${gbps(row.ncclRingGBps)}`,
      ratio(row.ringGBps / row.ncclRingGBps),
      row.ncclRingGBps > NO_PATH_GBPS
        ? ''
        : "NCCL's search finds nothing: its ladder of speeds inside a node ends at 18",
    ]),
  );
}

function overNodesTable(rows: readonly OverNodesRow[]): string {
  return markdownTable(
    ['row', 'servers', 'ours', 'NCCL best', 'ratio', 'why'],
    rows.map((row) => [
      row.name,
      `${row.nodes}`,
      gbps(row.modelGBps),
      `${row.ncclBest} ${gbps(row.ncclBestGBps)}`,
      ratio(row.modelGBps / row.ncclBestGBps),
      row.why,
    ]),
  );
}

function acrossTable(rows: readonly AcrossRow[]): string {
  return markdownTable(
    ['row', 'server', 'measured', 'before', 'ratio', 'ours', 'ratio', 'why'],
    rows.map((row) => [
      row.what,
      row.server,
      gbps(row.measuredGBps),
      gbps(row.beforeGBps),
      ratio(row.beforeGBps / row.measuredGBps),
      gbps(row.modelGBps),
      ratioOf(row),
      row.why,
    ]),
  );
}

function measuredTable(rows: readonly MeasuredRow[]): string {
  return markdownTable(
    ['row', 'server', 'measured', 'ours', 'ratio', 'why'],
    rows.map((row) => [
      row.what,
      row.server,
      range(row),
      gbps(row.modelGBps),
      ratioOf(row),
      row.isTaken ? ['*taken from here*', row.why].filter(Boolean).join('; ') : row.why,
    ]),
  );
}

function insideTable(rows: readonly AllReduceRow[]): string {
  return markdownTable(
    [
      'row',
      'server',
      'measured',
      'optimal',
      'ratio',
      'ring',
      'ratio',
      'optimal, NCCL constants',
      'ratio',
      'why',
    ],
    rows.map((row) => [
      row.what,
      row.server,
      gbps(row.measuredGBps),
      gbps(row.modelGBps),
      ratioOf(row),
      gbps(row.ringGBps!),
      ratio(row.ringGBps! / row.measuredGBps),
      gbps(row.ncclConstantsGBps!),
      ratio(row.ncclConstantsGBps! / row.measuredGBps),
      row.isTaken ? ['*taken from here*', row.why].filter(Boolean).join('; ') : row.why,
    ]),
  );
}

function sweepTable(): string {
  return markdownTable(
    ['size', ...SWEEPS.map((id) => measurement(id).machine!)],
    sweepRows().map(({ size, shares }) => [size, ...shares.map(ratio)]),
  );
}

function sourceRows(rows: readonly MeasuredRow[]): string[][] {
  return [...new Set(rows.map((row) => row.id))].map((id) => [id, measurement(id).source]);
}

function range({ measuredGBps, range: spread }: MeasuredRow): string {
  return spread === undefined
    ? gbps(measuredGBps)
    : `${gbps(measuredGBps)} (${gbps(spread[0])} to ${gbps(spread[1])})`;
}

function ratioOf(row: MeasuredRow): string {
  return ratio(row.modelGBps / row.measuredGBps);
}

interface Tables {
  readonly links: readonly MeasuredRow[];
  readonly contention: readonly MeasuredRow[];
  readonly inside: readonly MeasuredRow[];
  readonly across: readonly MeasuredRow[];
}

function summary(
  nccl: readonly NcclRow[],
  overNodes: readonly OverNodesRow[],
  hostMemory: readonly HostMemoryRow[],
  tables: Tables,
): string {
  const found = nccl.filter((row) => row.ncclRingGBps > NO_PATH_GBPS);
  const lines = [
    line(
      "our `ring` beside NCCL's ring, one node",
      found.map((row) => [row.name, row.ringGBps / row.ncclRingGBps]),
    ),
    line(
      "our `optimal` beside NCCL's best algorithm, one node",
      found.map((row) => [row.name, row.optimalGBps / row.ncclBestGBps]),
    ),
    line(
      "our `ring` through host memory beside NCCL's without peer-to-peer",
      hostMemory
        .filter((row) => row.ncclRingGBps > NO_PATH_GBPS)
        .map((row) => [row.name, row.ringGBps / row.ncclRingGBps]),
    ),
    line(
      "our placement beside NCCL's best algorithm, 2, 4 and 64 servers",
      overNodes.map((row) => [`${row.name}, ${row.nodes} servers`, row.modelGBps / row.ncclBestGBps]),
    ),
    measuredLine('links and single flows, measured', tables.links),
    measuredLine(
      'flows that compete on one board, measured',
      tables.contention.filter((row) => row.isFault !== true),
    ),
    measuredLine(
      'the same, faults of its switches',
      tables.contention.filter((row) => row.isFault === true),
    ),
    measuredLine('all-reduce in one server, measured', tables.inside),
    measuredLine('all-reduce over servers, measured', tables.across),
  ];
  const taken = Object.values(tables as unknown as Record<string, readonly MeasuredRow[]>)
    .flat()
    .filter((row) => row.isTaken).length;
  return [
    markdownTable(['compared', 'rows', 'within 10 %', 'lowest ratio', 'highest ratio'], lines),
    '',
    `Ratio is ours ÷ theirs. Not counted: ${taken} measured rows from which a document took its figure, where agreement is no evidence, and ${nccl.length - found.length} rows where NCCL's own search finds no path (${NO_PATH_GBPS} GB/s).`,
  ].join('\n');
}

function measuredLine(title: string, rows: readonly MeasuredRow[]): string[] {
  return line(
    title,
    rows
      .filter((row) => !row.isTaken)
      .map((row) => [`${row.server}, ${row.what}`, row.modelGBps / row.measuredGBps]),
  );
}

function line(title: string, rows: readonly (readonly [name: string, ratio: number])[]): string[] {
  const near = rows.filter(([, value]) => isWithinTenPercent(value)).length;
  const sorted = rows.toSorted((a, b) => a[1] - b[1]);
  const named = ([name, value]: readonly [string, number]): string => `${ratio(value)} (${name})`;
  return [title, `${rows.length}`, `${near}`, named(sorted[0]!), named(sorted.at(-1)!)];
}
