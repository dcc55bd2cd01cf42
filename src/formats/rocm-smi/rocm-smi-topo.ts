import { relationMatrix } from '../../topology/relation.js';
import type { ServerDocument } from '../../topology/server-document.js';
import { serverTopology } from '../../topology/server-topology.js';
import { parseImportOptions } from '../server/import-options.js';
import { invalidFormat } from '../text/format-errors.js';
import { writeRocmDocument } from './document.js';
import { ROCM_OPTIONS, type RocmSmiTopoOptions } from './options.js';
import { pairsOf, type RocmPair } from './pairs.js';
import { nodesOf } from './places.js';
import { type RocmTable, type RocmTool, readRocmTable } from './table.js';

/**
 * Reads a server from the output of `rocm-smi --showtopo`; that of `amd-smi topology` is read too.
 *
 * GPUs that the text shows as xGMI neighbours become `XGMI`, GPUs that PCIe joins in 2 hops `NODE`, in 3 hops `SYS`. The
 * server is the simplest with these relations, see {@link pairsOf} for the links and {@link nodesOf} for the NUMA nodes.
 * Matrices may be missing; without any there must be one GPU.
 *
 * What the text does not say:
 * - Bandwidth: it is assumed, or given by options. The source of every link says so, and no link is `verified`. The section
 *   of `rocm-smi --shownodesbw` gives the number of xGMI links of each pair.
 * - Host bridges and PCIe switches: every GPU gets a host bridge of its own.
 * - NICs: the document has none.
 * - xGMI through other GPUs: the two GPUs get no link, because routes do not cross GPUs that another job may hold. A note
 *   names the pairs.
 *
 * @param text - the whole output, as printed to a terminal, a file or a web page; at most 2^20 characters and
 * 16 GPUs
 * @param options - names and figures that the text lacks
 * @returns a server document; ids are the headings of the matrices
 * @throws CorralError `invalid-format` with line and column if the text is cut off, is the output of another
 * command, or has cells that contradict each other; `limit-exceeded`; `invalid-option`, also where a figure is
 * needed that neither text nor options give (model not known, MI250X without links)
 * @complexity O(characters + GPUs^3)
 * @example
 * ```ts
 * const text = ['== Link Type between two GPUs ==', 'GPU0 GPU1', 'GPU0 0 XGMI', 'GPU1 XGMI 0'].join('\n');
 * relation(serverTopology(fromRocmSmiTopo(text)), 'GPU0', 'GPU1'); // 'XGMI'
 * ```
 */
export function fromRocmSmiTopo(text: string, options: RocmSmiTopoOptions = {}): ServerDocument {
  return readTopo(text, options, 'rocm-smi');
}

/**
 * Reads a server from the output of `amd-smi topology`, the successor of `rocm-smi --showtopo`.
 *
 * Both tools print the same matrices under other titles, so the rules of {@link fromRocmSmiTopo} hold here too. The tables
 * for weights, hops, link types and bandwidths are read, each of which may be missing; others are ignored. The headings
 * are PCI addresses, and GPUs are numbered in their order; a note lists the addresses. The tool prints no NUMA nodes.
 *
 * @param text - the whole output, as printed to a terminal, a file or a web page; at most 2^20 characters and
 * 16 GPUs
 * @param options - names and figures that the text lacks; GPUs are named `GPU0`, `GPU1`, …
 * @returns a server document with GPUs `GPU0`, `GPU1`, …
 * @throws CorralError as {@link fromRocmSmiTopo}
 * @complexity O(characters + GPUs^3)
 * @see ROCm/amdsmi, amdsmi_cli
 * @example
 * ```ts
 * const text = ['LINK TYPE TABLE:', '0000:0c:00.0 0000:22:00.0', '0000:0c:00.0 SELF XGMI', '0000:22:00.0 XGMI SELF'].join('\n');
 * relation(serverTopology(fromAmdSmiTopology(text)), 'GPU0', 'GPU1'); // 'XGMI'
 * ```
 */
export function fromAmdSmiTopology(text: string, options: RocmSmiTopoOptions = {}): ServerDocument {
  return readTopo(text, options, 'amd-smi');
}

function readTopo(text: string, options: RocmSmiTopoOptions, preferred: RocmTool): ServerDocument {
  const known = parseImportOptions(options, ROCM_OPTIONS);
  const table = readRocmTable(text, preferred);
  const pairs = pairsOf(table);
  const document = writeRocmDocument(table, pairs, nodesOf(table, pairs), known);
  holdLaw(table, pairs, document);
  return document;
}

const WORDS: Partial<Record<RocmPair['kind'], string>> = { xgmi: 'XGMI', near: 'NODE', far: 'SYS' };

/** Checks the document against the text, so that a fault of this reader is an error, not a wrong server. */
function holdLaw(table: RocmTable, pairs: readonly (readonly RocmPair[])[], document: ServerDocument): void {
  const { cells } = relationMatrix(serverTopology(document));
  pairs.forEach((row, a) => {
    row.forEach(({ kind }, b) => {
      const word = WORDS[kind];
      if (word === undefined || word === cells[a]![b]) return;
      throw invalidFormat(
        ['line', table.lines[a]!, table.labels[b]!],
        `no server was found in which ${table.labels[a]} and ${table.labels[b]} are ${word}: the nearest has ${cells[a]![b]}, check their cells`,
      );
    });
  });
}
