import measured from '../data/measured.json' with { type: 'json' };

/** One measurement of the data file: facts of one source about one machine, GB/s. */
export interface Measurement {
  readonly id: string;
  readonly source: string;
  readonly machine?: string;
  /** GPU to GPU, one flow at a time; `null` on the diagonal. */
  readonly uniGBs?: readonly (readonly (number | null)[])[];
  /** GPU to GPU, both directions at once, summed. */
  readonly bidiGBs?: readonly (readonly (number | null)[])[];
  readonly cases?: readonly ContentionCase[];
  readonly nGpus?: number;
  readonly nNodes?: number;
  readonly sizesBytes?: readonly number[];
  readonly busBw?: readonly number[];
  readonly rows?: readonly Readonly<Record<string, number | string>>[];
  readonly h2d?: number;
  readonly d2h?: number;
  readonly h2dBidirPerDir?: number;
  readonly p2pUni?: number;
  readonly p2pBi?: number;
}

/** Flows that run at the same time, and their rates together. */
export interface ContentionCase {
  readonly name?: string;
  readonly flows?: readonly (readonly number[])[];
  readonly pattern?: string;
  readonly flowsCount?: number;
  readonly total: number;
  /** The source itself calls the figure a fault of the hardware. */
  readonly anomaly?: boolean;
}

/** All measurements, in the order of the data file. */
export const measurements: readonly Measurement[] = measured.measurements;

/** One measurement by id. */
export function measurement(id: string): Measurement {
  const found = measurements.find((m) => m.id === id);
  if (found === undefined) throw new Error(`no measurement ${id} in bench/data/measured.json`);
  return found;
}

/** A row of ours beside a measured one. */
export interface MeasuredRow {
  readonly id: string;
  readonly what: string;
  readonly server: string;
  readonly measuredGBps: number;
  /** Spread of the measurement, where it is a mean of many. */
  readonly range?: readonly [number, number];
  /** From the figures of the document as it stands. */
  readonly modelGBps: number;
  /** True where the document's figure was taken from this very measurement: agreement is no evidence then. */
  readonly isTaken: boolean;
  /** True where hardware misbehaves in a way that no capacity explains; counted apart. */
  readonly isFault?: boolean;
  readonly why: string;
}
