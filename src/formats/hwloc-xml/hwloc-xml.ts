import type { ServerDocument } from '../../topology/server-document.js';
import { parseServerDocument } from '../../topology/server-document.js';
import { parseImportOptions } from '../server/import-options.js';
import { listed } from '../server/notes.js';
import { invalidFormat } from '../text/format-errors.js';
import { devicesOf } from './devices.js';
import { writeHwlocDocument } from './document.js';
import { FABRIC_MATRICES } from './fabric.js';
import { readHwloc } from './objects.js';
import { HWLOC_OPTIONS, type HwlocXmlOptions } from './options.js';

/**
 * Reads a server from the XML that `lstopo` of hwloc 2 or 3 writes: `lstopo --of xml`, best with
 * `--filter io:important` or more.
 *
 * - Packages become sockets. NUMA nodes stay; several with the same CPUs become one. Host bridges become the names that tell
 *   `PHB` from `NODE`. Bridges with several devices below become PCIe switches, see `pciRootsOf`.
 * - GPUs and NICs are those that libraries and the kernel list, see `devicesOf`. GPUs have the ids `GPU0`, `GPU1`, … in the
 *   order of NVML, RSMI, CUDA or Level Zero, else of their bus ids.
 * - A PCIe link has the line rate of the file: the slower of a device and the ports above it.
 * - hwloc does not write the rates of NIC ports; two infos that users add are read, see `portOf`.
 * - The matrices `NVLinkBandwidth` and `XGMIBandwidth` become links between GPUs and to NVSwitches; links to a package
 *   (POWER8 and 9) become `c2c`. Known errors of hwloc are corrected, see `mendedFabric`. NVLinks that the file does not
 *   list are missing in the document too: lstopo needs the NVML or RSMI backend, and does not see the NVSwitches of
 *   virtual machines.
 * - Links between sockets are not in such files: they get NCCL's constant for the processor, or the caller's figure.
 *   Memory attributes (`memattr`) are not read.
 *
 * @param text - the whole file; at most 16 Mi characters, 16 GPUs, 256 NICs, 64 packages
 * @param options - names and figures that the file lacks, each with a default
 * @returns a server document
 * @throws CorralError `invalid-format` with the line if the text is no such file, is of hwloc 1, has no GPU, or
 * contradicts itself; `limit-exceeded`; `invalid-option`
 * @complexity O(characters + packages^2)
 */
export function fromHwlocXml(text: string, options: HwlocXmlOptions = {}): ServerDocument {
  const known = parseImportOptions(options, HWLOC_OPTIONS);
  const topology = readHwloc(text, [...FABRIC_MATRICES.keys()]);
  const found = devicesOf(topology);
  if (!found.devices.some(({ kind }) => kind === 'gpu')) {
    throw invalidFormat(
      [],
      found.pciCount === 0
        ? 'no GPU: the file lists no PCI devices at all; write it with lstopo --of xml --filter io:important'
        : `no GPU among ${found.pciCount} PCI devices, which are ${listed(found.seen)}: give the file of a machine with GPUs`,
    );
  }
  return parseServerDocument(writeHwlocDocument(topology, found, known));
}
