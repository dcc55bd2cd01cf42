import type { ServerDocument } from '../../topology/server-document.js';
import { serverTree } from './devices.js';
import { writeNcclDocument } from './document.js';
import { fabricOf } from './fabric.js';
import { type NcclXmlOptions, parseNcclXmlOptions } from './options.js';
import { readNcclSystem } from './tree.js';

/**
 * Reads a server from a topology file of NCCL or RCCL (`NCCL_TOPO_FILE`, `NCCL_TOPO_DUMP_FILE`).
 *
 * Figures are the constants of NCCL 2.30.7 (RCCL for xGMI). GPUs are ordered by their `dev`, as in `nvidia-smi`; in
 * templates, which have none, by PCI address, as in the driver. Every port becomes a NIC whose `portGBps` is its `speed`,
 * and its link carries no more than that.
 *
 * Templates of cloud providers leave GPUs, NVLinks, speeds or CPUs to detection by NCCL at run time. They are not guessed:
 * the error on the first missing fact names the option for it.
 *
 * Files do not tell host bridges (`NODE` becomes `PHB`), which NUMA nodes share a socket, and the role of a NIC. The links
 * do not contain NCCL's surcharge of a fifth on flows between GPUs across an Intel CPU.
 *
 * @param text - the whole file; at most 32,768 elements, 16 GPUs, 64 CPUs
 * @param options - names, and facts that the file lacks
 * @returns a server document
 * @throws CorralError `invalid-format` with line and attribute if the text is no topology or is cut off;
 * `invalid-option` if a fact is missing or contradicts the file; `duplicate-id`, `unknown-reference`; `limit-exceeded`
 * @complexity O(characters + devices^2)
 * @see NVIDIA/nccl 2.30.7, src/graph/xml.cc and topo.cc
 * @example
 * ```ts
 * const pci = (bus: string, gpu: string) => `<pci busid="0000:${bus}:00.0" class="0x030200">${gpu}</pci>`;
 * const text = `<system version="1"><cpu numaid="0">
 *   ${pci('01', '<gpu dev="0" sm="80" rank="0"/>')}${pci('02', '<gpu dev="1" sm="80" rank="1"/>')}
 * </cpu></system>`;
 * relation(serverTopology(fromNcclXml(text)), 'gpu0', 'gpu1'); // 'PHB'
 * ```
 */
export function fromNcclXml(text: string, options: NcclXmlOptions = {}): ServerDocument {
  const known = parseNcclXmlOptions(options);
  const system = readNcclSystem(text);
  const tree = serverTree(system, known);
  return writeNcclDocument(system, tree, fabricOf(tree, known), known);
}
