import { UndirectedGraph } from 'graphology';
import type { DeviceId } from '../ids.js';
import { deepFreeze } from './deep-freeze.js';
import { builtServer, refuseTopology } from './expected-topology.js';
import { type Device, type Link, parseServerDocument, type ServerDocument } from './server-document.js';
import type { ServerGraph, ServerTopology } from './types.js';

/**
 * Validates a server document and builds its graph.
 *
 * @param document - a server document (parsed JSON), see {@link ServerDocument}
 * @returns the topology; later changes to `document` do not affect it
 * @throws CorralError with code and path if the document is wrong
 * @complexity O(devices + links)
 */
export function serverTopology(document: ServerDocument): ServerTopology;
/** As above, for parsed JSON, whose type says nothing. */
export function serverTopology(document: unknown): ServerTopology;
export function serverTopology(document: unknown): ServerTopology {
  return serverTopologyAt(document, []);
}

/** As {@link serverTopology}, for a document that sits at `path` inside a larger one. */
export function serverTopologyAt(document: unknown, path: readonly (string | number)[]): ServerTopology {
  refuseTopology(document, path);
  const server = deepFreeze(parseServerDocument(document, path));
  const graph: ServerGraph = new UndirectedGraph<Device, Link>({ allowSelfLoops: false });
  // Copies: whoever changes the graph changes nothing else.
  for (const device of server.devices) graph.addNode(device.id, { ...device });
  // Explicit keys: graphology's generated ones start from a random byte.
  server.links.forEach((link, i) => {
    graph.addUndirectedEdgeWithKey(`link:${i}`, link.between[0], link.between[1], { ...link });
  });
  const idsOf = (kind: Device['kind']): readonly DeviceId[] =>
    Object.freeze(server.devices.filter((device) => device.kind === kind).map((device) => device.id));
  const { name } = server;
  return builtServer(
    Object.freeze({ name, graph, gpus: idsOf('gpu'), nics: idsOf('nic'), document: server }),
  );
}
