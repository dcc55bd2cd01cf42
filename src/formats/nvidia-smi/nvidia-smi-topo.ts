import { relationMatrix } from '../../topology/relation.js';
import type { ServerDocument } from '../../topology/server-document.js';
import { serverTopology } from '../../topology/server-topology.js';
import { parseImportOptions } from '../server/import-options.js';
import { invalidFormat } from '../text/format-errors.js';
import { writeDocument } from './document.js';
import { type NvidiaSmiTopoOptions, SMI_OPTIONS } from './options.js';
import { placesOf } from './places.js';
import { readSmiTable, type SmiTable } from './table.js';

/**
 * Reads a server from the output of `nvidia-smi topo -m`.
 *
 * `relationMatrix` of the server equals the matrix of the text in every cell (`SOC` of old drivers is read as `SYS`). The
 * server is the simplest with this matrix, see {@link placesOf} for PCIe and {@link nvlinksOfTable} for NVLink. Different
 * servers may print the same matrix.
 *
 * What the text does not say:
 * - Bandwidth: it is assumed, or given by options. The source of every link says so, and no link is `verified`.
 * - The PCIe path of GPUs that show `NV#`: it follows from the other cells, then from NUMA or CPU affinity.
 * - The PCIe path of NICs for which a driver of the 580 series printed `NV#`: the mirrored cell is read. If that is `NV#`
 *   too, the NIC counts as far (`SYS`) from all GPUs, unless the server has one NUMA node only. A note names these NICs.
 * - The role of a NIC: all count as `compute`; set `role` in the document where that is wrong.
 *
 * CPU affinity is kept as a note; the GPU NUMA ID (the memory of a Grace GPU) is not kept.
 *
 * @param text - the whole output, as printed to a terminal, a file or a web page; at most 2^20 characters,
 * 16 GPUs and 128 devices
 * @param options - names and figures that the text lacks, each with a default
 * @returns a server document; ids are the headings of the matrix, NIC models the names of the NIC legend
 * @throws CorralError `invalid-format` with line and column if the text is cut off, is the output of another
 * command (`-p2p`, `rocm-smi`), or has cells that contradict each other; `limit-exceeded`; `invalid-option`
 * @complexity O(characters + devices^3)
 * @example
 * ```ts
 * const text = ['GPU0 GPU1', 'GPU0 X PIX', 'GPU1 PIX X'].join('\n');
 * relation(serverTopology(fromNvidiaSmiTopo(text)), 'GPU0', 'GPU1'); // 'PIX'
 * ```
 */
export function fromNvidiaSmiTopo(text: string, options: NvidiaSmiTopoOptions = {}): ServerDocument {
  const known = parseImportOptions(options, SMI_OPTIONS);
  const table = readSmiTable(text);
  const document = writeDocument(table, placesOf(table), known);
  holdLaw(table, document);
  return document;
}

/** Checks the document against the matrix of the text, so that a fault of this reader is an error, not a wrong server. */
function holdLaw(table: SmiTable, document: ServerDocument): void {
  const { cells } = relationMatrix(serverTopology(document));
  table.cells.forEach((row, i) => {
    row.forEach((word, j) => {
      if (word === undefined || word === cells[i]![j]) return;
      throw invalidFormat(
        ['line', table.lines[i]!, table.labels[j]!],
        `no server was found in which ${table.labels[i]}–${table.labels[j]} is ${word}: the nearest has ${cells[i]![j]}`,
      );
    });
  });
}
