import { fieldNames, readFields } from '../../checks/fields.js';
import { bandwidthGBps, integer, nonNegative } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';

/** Options of {@link loadSeconds}. Only bandwidths of sources that are used are required. */
export interface LoadOptions {
  /** S: bytes of the whole checkpoint. */
  readonly bytes: number;
  /** N: number of servers that hold equal parts of it. */
  readonly servers: number;
  /** B_local: bandwidth of a server from its own memory or drive; absent = not limiting. */
  readonly localGBps?: number | undefined;
  /**
   * Servers that fetch their part from a peer; default 0. They do not slow each other down: each has its own path.
   */
  readonly peerServers?: number | undefined;
  /** B_nic: bandwidth into and out of one server. */
  readonly nicGBps?: number | undefined;
  /** B_path: bandwidth of the narrowest link between replacement and copy holder; absent = not limiting. */
  readonly pathGBps?: number | undefined;
  /** B_src: bandwidth at which the holder reads its copy; absent = not limiting. */
  readonly sourceGBps?: number | undefined;
  /** n_remote: servers that read from the shared store; default 0. */
  readonly storeServers?: number | undefined;
  /** B_store: bandwidth of the shared store, all readers together. */
  readonly storeGBps?: number | undefined;
  /** B_node: bandwidth from the store into one server; absent = not limiting. */
  readonly serverStoreGBps?: number | undefined;
}

const FIELDS = fieldNames<LoadOptions>({
  bytes: true,
  servers: true,
  localGBps: true,
  peerServers: true,
  nicGBps: true,
  pathGBps: true,
  sourceGBps: true,
  storeServers: true,
  storeGBps: true,
  serverStoreGBps: true,
});

/**
 * Seconds until every server has its part of a checkpoint, that is until the slowest source is done:
 *
 *     max( (S/N)/B_local, (S/N)/min(B_nic, B_path, B_src), S_remote/B_store, (S_remote/n_remote)/B_node )
 *
 * with S_remote = n_remote · S/N. If some part is only in the store, all servers must go back to that older step:
 * `storeServers` is then `servers`.
 *
 * @returns seconds
 * @throws CorralError `invalid-option`
 * Source: derived; store rates seen in production are 50 to 200 GB/s per cluster, 125 GB/s per unit of 256 GPUs,
 * 3.07 GB/s per server from an object store (digests; run-ai/runai-model-streamer, repository).
 */
export function loadSeconds(options: LoadOptions): number {
  const given = readFields(options, FIELDS);
  const servers = integer(given.servers, 1, 1e9, 'servers');
  const peers = integer(given.peerServers ?? 0, 0, servers, 'peerServers');
  const remote = integer(given.storeServers ?? 0, 0, servers, 'storeServers');
  if (peers + remote > servers) {
    throw new CorralError(
      'invalid-option',
      ['storeServers'],
      `${peers} servers from peers and ${remote} from the store are more than ${servers}`,
    );
  }
  const part = nonNegative(given.bytes, 'bytes') / servers / 1e9;
  const rate = (field: keyof LoadOptions): number =>
    given[field] === undefined ? Number.POSITIVE_INFINITY : bandwidthGBps(given[field], field);
  const needed = (field: keyof LoadOptions): number => bandwidthGBps(given[field], field);
  const local = peers + remote < servers ? part / rate('localGBps') : 0;
  const peer = peers > 0 ? part / Math.min(needed('nicGBps'), rate('pathGBps'), rate('sourceGBps')) : 0;
  const store =
    remote > 0 ? Math.max((remote * part) / needed('storeGBps'), part / rate('serverStoreGBps')) : 0;
  return Math.max(local, peer, store);
}
