import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { DeviceId } from '../ids.js';
import type { Device } from './server-document.js';
import type { ServerTopology } from './server-topology.js';

/**
 * The device of an id that a caller hands in.
 *
 * @param server - a server topology
 * @param id - device id, compared, never parsed
 * @param path - name of the caller's argument, for the error
 * @returns the device as the document has it
 * @throws CorralError `unknown-reference`
 */
export function deviceAt(server: ServerTopology, id: DeviceId, path: ErrorPath): Device {
  if (!server.graph.hasNode(id)) {
    throw new CorralError(
      'unknown-reference',
      path,
      `server ${quote(server.name)} has no device ${quote(id)}: take an id of its gpus, its nics or its document`,
    );
  }
  return server.graph.getNodeAttributes(id);
}
