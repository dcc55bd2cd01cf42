import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { DeviceId } from '../ids.js';
import { remembered } from '../remembered.js';
import type { Device } from './server-document.js';
import type { ServerTopology } from './types.js';

const cache = new WeakMap<ServerTopology, ReadonlyMap<DeviceId, Device>>();

/**
 * The devices of a server by id. They come from the document: the graph of a topology belongs to the caller, who may
 * change it.
 *
 * @param server - a server topology
 * @returns device id → the device as the document has it, in document order; kept with the server
 * @complexity O(devices) once
 */
export function devicesOf(server: ServerTopology): ReadonlyMap<DeviceId, Device> {
  return remembered(
    cache,
    server,
    () => new Map(server.document.devices.map((device) => [device.id, device])),
  );
}

/**
 * Looks up the device of an id that a caller hands in.
 *
 * @param server - a server topology
 * @param id - device id, compared, never parsed
 * @param path - name of the caller's argument, for the error
 * @returns the device as the document has it
 * @throws CorralError `unknown-reference`
 */
export function deviceAt(server: ServerTopology, id: DeviceId, path: ErrorPath): Device {
  const device = devicesOf(server).get(id);
  if (device !== undefined) return device;
  throw new CorralError(
    'unknown-reference',
    path,
    `server ${quote(server.name)} has no device ${quote(id)}: take an id of its gpus, its nics or its document`,
  );
}
