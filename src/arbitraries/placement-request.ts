import * as fc from 'fast-check';
import { fieldNames, readFields } from '../checks/fields.js';
import { integer } from '../checks/quantity.js';
import { trueOrFalse, unexpected } from '../checks/values.js';
import { CorralError, quote } from '../errors.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX, QUANTITY_MAX } from '../units.js';
import { DEFAULT_GPU_MODELS, LABEL_VALUES, LABELS, namesOf } from './constraints.js';

/** Constraints of {@link placementRequest}. */
export interface PlacementRequestConstraints {
  /** Most whole GPUs of one request, 0 … 16; default 8. */
  readonly gpusMax?: number | undefined;
  /** If true (default), a request may ask for a share of one GPU. */
  readonly shares?: boolean | undefined;
  /** Most CPU of one request, thousandths of a core; default 12000. 0 = none is asked for. */
  readonly cpuMilliMax?: number | undefined;
  /** Most memory of one request, MiB; default 12288. 0 = none is asked for. */
  readonly memoryMiBMax?: number | undefined;
  /** GPU models that a request may require; default A, B, C. Empty = no request requires one. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Most pods of one request, 1 … 10000; default 1. From 2 on, requests may be gangs, some of them elastic. */
  readonly podsMax?: number | undefined;
  /**
   * Levels that a request may require, prefer, or use for slices: tiers of the cluster, `server`, `cluster`. Default
   * none, because a solver refuses names that its cluster does not have.
   */
  readonly tiers?: readonly string[] | undefined;
  /**
   * Kinds of places that requests may ask for, `socket` and `numa`; default none. A request for a single pod may also
   * require or prefer one as its level.
   */
  readonly places?: readonly ('socket' | 'numa')[] | undefined;
  /** If true, a request may ask for labels that servers of {@link clusterDocument} have; default false. */
  readonly labels?: boolean | undefined;
  /** If true, a request may state that its GPUs do not communicate; default false. */
  readonly silent?: boolean | undefined;
}

/** The names of all constraints, for callers that pass them on. */
export const PLACEMENT_REQUEST_CONSTRAINTS: readonly (keyof PlacementRequestConstraints)[] =
  fieldNames<PlacementRequestConstraints>({
    gpusMax: true,
    shares: true,
    cpuMilliMax: true,
    memoryMiBMax: true,
    gpuModels: true,
    podsMax: true,
    tiers: true,
    places: true,
    labels: true,
    silent: true,
  });

/** A generated request. It has the fields of a `PlacementRequest`, which this module may not import. */
export interface GeneratedRequest {
  readonly gpus?: number;
  readonly gpuMilli?: number;
  readonly cpuMilli?: number;
  readonly memoryMiB?: number;
  readonly gpuModels?: readonly string[];
  readonly pods?: number;
  readonly podsMin?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly require?: string;
  readonly prefer?: string;
  readonly requirePerPod?: 'socket' | 'numa';
  readonly slice?: { readonly pods: number; readonly tier: string };
  readonly communicates?: boolean;
}

/**
 * Valid placement requests: whole GPUs, a share of one, or none; with or without CPU, memory and models; if the
 * constraints allow it gangs, labels, required or preferred levels, and slices. Many of them fit on a cluster of
 * {@link clusterDocument}, and some never do.
 *
 * @param constraints - see {@link PlacementRequestConstraints}
 * @returns an arbitrary; it shrinks to `{}`
 * @throws CorralError `invalid-option` for a constraint that does not exist or is out of range
 */
export function placementRequest(
  constraints: PlacementRequestConstraints = {},
): fc.Arbitrary<GeneratedRequest> {
  const given = readFields(constraints, PLACEMENT_REQUEST_CONSTRAINTS);
  const gpusMax = integer(given.gpusMax ?? 8, 0, GPUS_PER_SERVER_MAX, 'gpusMax');
  const cpuMilliMax = integer(given.cpuMilliMax ?? 12_000, 0, QUANTITY_MAX, 'cpuMilliMax');
  const memoryMiBMax = integer(given.memoryMiBMax ?? 12 * 1024, 0, QUANTITY_MAX, 'memoryMiBMax');
  const gpuModels = namesOf('gpuModels', given.gpuModels, { names: DEFAULT_GPU_MODELS, min: 0 });
  const shares: fc.Arbitrary<GeneratedRequest>[] = trueOrFalse(given.shares ?? true, 'shares')
    ? [
        fc.record({
          gpuMilli: fc.oneof(
            fc.constantFrom(1, 100, 250, 470, 500, 810, GPU_MILLI),
            fc.integer({ min: 1, max: GPU_MILLI }),
          ),
        }),
      ]
    : [];
  const gpu = fc.oneof(
    // Every alternative shrinks to a request without GPUs.
    { withCrossShrink: true },
    fc.constant<GeneratedRequest>({}),
    fc.record({ gpus: fc.nat(gpusMax) }),
    ...shares,
  );
  const rest: fc.Arbitrary<GeneratedRequest> = fc.record(
    {
      ...(cpuMilliMax > 0 && { cpuMilli: stepsOf(cpuMilliMax, 1000) }),
      ...(memoryMiBMax > 0 && { memoryMiB: stepsOf(memoryMiBMax, 1024) }),
      ...(gpuModels.length > 0 && { gpuModels: fc.subarray([...gpuModels]) }),
    },
    { requiredKeys: [] },
  );
  const gang = gangOf(given);
  // Without gang fields nothing is drawn for them, so that seeds give the same requests as before.
  return gang === undefined
    ? fc.tuple(gpu, rest).map(([asked, more]) => ({ ...asked, ...more }))
    : fc.tuple(gpu, rest, gang).map(([asked, more, together]) => ({ ...asked, ...more, ...together }));
}

/** The fields of gangs, labels and levels; undefined if the constraints allow none of them. */
function gangOf({
  podsMax,
  tiers,
  places,
  labels,
  silent,
}: PlacementRequestConstraints): fc.Arbitrary<GeneratedRequest> | undefined {
  const most = integer(podsMax ?? 1, 1, 10_000, 'podsMax');
  const levels = namesOf('tiers', tiers, { names: [], min: 0 });
  for (const level of levels) {
    if (level !== 'socket' && level !== 'numa') continue;
    throw new CorralError(
      'invalid-option',
      ['tiers'],
      `${quote(level)} is a place inside a server: list it in places`,
    );
  }
  const wantLabels = trueOrFalse(labels ?? false, 'labels');
  const kinds = placesOf(places);
  const maySay = trueOrFalse(silent ?? false, 'silent');
  if (most === 1 && levels.length === 0 && kinds.length === 0 && !wantLabels && !maySay) return undefined;
  const pods = fc.integer({ min: 1, max: most });
  /** Absent in three of four requests: a request with all fields rarely fits. */
  const seldom = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
    fc.oneof(
      { withCrossShrink: true },
      { weight: 3, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: value },
    );
  const none = fc.constant(null);
  const ofLevel = <Value>(make: (level: fc.Arbitrary<string>) => fc.Arbitrary<Value>) =>
    levels.length > 0 ? seldom(make(fc.constantFrom(...levels))) : none;
  return fc
    .record({
      pods: most > 1 ? fc.option(pods) : none,
      podsMin: most > 1 ? seldom(pods) : none,
      labels: wantLabels
        ? seldom(
            fc.dictionary(fc.constantFrom(...LABELS), fc.constantFrom(...LABEL_VALUES), {
              maxKeys: 2,
              noNullPrototype: true,
            }),
          )
        : none,
      require: ofLevel((level) => level),
      prefer: ofLevel((level) => level),
      slice: ofLevel((tier) => fc.record({ pods, tier }, { noNullPrototype: true })),
      // Fields that the constraints exclude are not drawn.
      ...(maySay && { communicates: seldom(fc.boolean()) }),
      ...(kinds.length > 0 && {
        place: seldom(
          fc.record({
            kind: fc.constantFrom(...kinds),
            as: fc.constantFrom('requirePerPod', 'requirePerPod', 'require', 'prefer'),
          }),
        ),
      }),
    })
    .map(
      (chosen): GeneratedRequest => ({
        ...(chosen.pods !== null && { pods: chosen.pods }),
        ...(chosen.podsMin !== null && { podsMin: Math.min(chosen.podsMin, chosen.pods ?? 1) }),
        ...(chosen.labels !== null && { labels: chosen.labels }),
        ...(chosen.require !== null && { require: chosen.require }),
        ...(chosen.prefer !== null && { prefer: chosen.prefer }),
        ...(chosen.slice !== null && { slice: chosen.slice }),
        ...(chosen.communicates !== undefined &&
          chosen.communicates !== null && { communicates: chosen.communicates }),
        ...(chosen.place !== undefined &&
          chosen.place !== null && {
            [(chosen.pods ?? 1) > 1 ? 'requirePerPod' : chosen.place.as]: chosen.place.kind,
          }),
      }),
    );
}

function placesOf(places: readonly unknown[] | undefined): ('socket' | 'numa')[] {
  return namesOf('places', places as readonly string[] | undefined, { names: [], min: 0 }).map((place) => {
    if (place === 'socket' || place === 'numa') return place;
    throw unexpected('socket or numa', place, ['places']);
  });
}

/** Mostly round figures, so that servers are sometimes filled exactly. */
function stepsOf(max: number, step: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.nat(Math.floor(max / step)).map((steps) => steps * step) },
    { weight: 1, arbitrary: fc.nat(max) },
  );
}
