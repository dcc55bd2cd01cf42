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
 * The law: GPUs that the text shows as xGMI neighbours are `XGMI`, GPUs that PCIe joins in 2 hops are `NODE`,
 * in 3 hops `SYS`. The server is the simplest that has these relations, see {@link pairsOf} for the links and
 * {@link nodesOf} for the NUMA nodes. Any of the matrices may be missing; with none there must be one GPU.
 *
 * What the text does not settle:
 * - Bandwidth: assumed, or given as options; every link says so and is not `verified`. With the section of
 *   `rocm-smi --shownodesbw` in the text, the number of xGMI links of each pair is read from it.
 * - Host bridges and PCIe switches: the tool shows neither, so GPUs of a node have host bridges of their own.
 * - NICs: the tool shows none.
 * - xGMI over other GPUs: the two GPUs get no link, since no route of ours crosses a GPU that somebody else may
 *   own; a note names the pairs.
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
 * Reads a server from the output of `amd-smi topology`, which is to take the place of `rocm-smi --showtopo`.
 *
 * Both tools print the same matrices under other titles, so this is {@link fromRocmSmiTopo} with the tables of
 * amd-smi: what that says of the law, and of what the text does not settle, holds here too. The tables for weights,
 * hops, link types and bandwidths are read, any of which may be missing; the others are passed over. The tool heads
 * them with PCI addresses and numbers GPUs in that order, and so does the document, which lists the addresses in a
 * note. It prints no NUMA nodes.
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

/** Compares the relations of the document with the text, so that no flaw of ours goes out as a server. */
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
