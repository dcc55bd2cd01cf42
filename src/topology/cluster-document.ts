import * as v from 'valibot';
import { QUANTITY_MAX, SERVERS_MAX, TEXT_LENGTH_MAX } from '../units.js';
import { bandwidthFigure } from './bandwidth-figure.js';
import { SERVER_ENTRIES_MAX, type ServerDocument } from './server-document.js';
import { record, strictFields } from './validate.js';

/** Most tiers of fabric above the server. */
const TIERS_MAX = 16;
/** Most server types of a cluster: building one takes some milliseconds. */
const TYPES_MAX = 4096;
/** Most entries of the lists and objects of a cluster document, server documents included. */
export const CLUSTER_ENTRIES_MAX: Readonly<Record<string, number>> = {
  ...SERVER_ENTRIES_MAX,
  servers: SERVERS_MAX,
  tiers: TIERS_MAX,
  types: TYPES_MAX,
  domains: SERVERS_MAX,
};

const id = v.pipe(
  v.string(),
  v.minLength(1, 'expected a non-empty text'),
  v.maxLength(TEXT_LENGTH_MAX, `expected at most ${TEXT_LENGTH_MAX} characters`),
);
const quantity = v.pipe(
  v.number(),
  v.integer('expected an integer'),
  v.minValue(0, 'expected 0 or more'),
  v.maxValue(QUANTITY_MAX, `expected at most ${QUANTITY_MAX}`),
);

/** One server of a cluster document. */
export interface ServerEntry {
  readonly id: string;
  /** A key of the document's `types`. */
  readonly type: string;
  /** Tier → the domain that the server is in. Required for each tier of the document. */
  readonly domains?: Readonly<Record<string, string>> | undefined;
  /** CPU for pods, thousandths of a core; absent = not limiting. */
  readonly cpuMilli?: number | undefined;
  /** Memory for pods, MiB; absent = not limiting. */
  readonly memoryMiB?: number | undefined;
  /** Overrides the GPU model of the server type. */
  readonly gpuModel?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** A cluster as data: tiers of fabric (widest first), servers in order, and their types. */
export interface ClusterDocument {
  /** Names of the tiers, widest first: `['block', 'rack']`. */
  readonly tiers: readonly string[];
  readonly servers: readonly ServerEntry[];
  /** Name that servers use → a server document, or the name of one in the catalogue. */
  readonly types: Readonly<Record<string, ServerDocument | string>>;
  /** Tier → the uplinks of its domains; absent = not limiting. */
  readonly uplinks?: Readonly<Record<string, UplinkEntry>> | undefined;
  /** The tier of which all or some domains are accelerator fabrics (NVL72). */
  readonly accelerator?: AcceleratorEntry | undefined;
}

/** The uplinks of one tier; at least one of the two fields is required. */
export interface UplinkEntry {
  /** GB/s per direction of every domain that `domains` does not name; absent = not limiting. */
  readonly GBps?: number | undefined;
  /** Domain → its own GB/s per direction; null = not limiting. */
  readonly domains?: Readonly<Record<string, number | null>> | undefined;
}

/** The tier whose domains are accelerator fabrics. */
export interface AcceleratorEntry {
  readonly tier: string;
  /** GB/s per GPU and direction in every domain that `domains` does not name; absent = those have no such fabric. */
  readonly GBpsPerGpu?: number | undefined;
  /** Domain → its own GB/s per GPU and direction; null = no accelerator fabric: its servers use their NICs. */
  readonly domains?: Readonly<Record<string, number | null>> | undefined;
}

const serverEntrySchema = strictFields({
  id,
  type: id,
  domains: v.exactOptional(record(id, id)),
  cpuMilli: v.exactOptional(quantity),
  memoryMiB: v.exactOptional(quantity),
  gpuModel: v.exactOptional(id),
  labels: v.exactOptional(record(id, v.pipe(v.string(), v.maxLength(TEXT_LENGTH_MAX)))),
});

/** The schema of figures of single domains by name; null = none. */
const domainFigures = v.exactOptional(record(id, v.nullable(bandwidthFigure)));

/** The schema of a cluster document; each server type is validated by its own schema. */
export const clusterDocumentSchema: v.GenericSchema<
  Omit<ClusterDocument, 'types'> & { readonly types: Readonly<Record<string, unknown>> }
> = strictFields({
  tiers: v.pipe(v.array(id), v.maxLength(TIERS_MAX, `expected at most ${TIERS_MAX} tiers`), v.readonly()),
  servers: v.pipe(
    v.array(serverEntrySchema),
    v.minLength(1, 'expected at least one server'),
    v.maxLength(SERVERS_MAX, `expected at most ${SERVERS_MAX} servers`),
    v.readonly(),
  ),
  types: record(id, v.unknown()),
  uplinks: v.exactOptional(
    record(id, strictFields({ GBps: v.exactOptional(bandwidthFigure), domains: domainFigures })),
  ),
  accelerator: v.exactOptional(
    strictFields({ tier: id, GBpsPerGpu: v.exactOptional(bandwidthFigure), domains: domainFigures }),
  ),
});
