import { GPU_MILLI } from '../../units.js';
import { numpyRoundTo2Decimals, numpySum, roundHalfEven, roundTo2Decimals } from './rounding.js';

/** Curves over the arrived load: entry k is the mean over the pods at whose arrival it rounds to k percent. */
export interface InflationCurves {
  /** GPU capacity in use, percent of all. NaN where no pod arrived within one percent of k. */
  readonly allocatedPercent: number[];
  /** Fragmented share of the idle GPU capacity, percent. */
  readonly fragmentedPercentOfIdle: number[];
  /** Fragmented GPU capacity, percent of all. */
  readonly fragmentedPercentOfGpus: number[];
}

/** Collects one sample per offered pod and averages them as the published analysis does. */
export class InflationSamples {
  readonly #gpus: number;
  /** Arrived load, whole percent, per sample. */
  readonly #arrivedPercent: Int32Array;
  readonly #allocatedPercent: Float64Array;
  readonly #fragmentedMilli: Float64Array;
  readonly #fragmentedPercentOfIdle: Float64Array;
  #count = 0;

  /**
   * @param gpus - GPUs of the cluster
   * @param samplesMax - pods offered
   */
  constructor(gpus: number, samplesMax: number) {
    this.#gpus = gpus;
    this.#arrivedPercent = new Int32Array(samplesMax);
    this.#allocatedPercent = new Float64Array(samplesMax);
    this.#fragmentedMilli = new Float64Array(samplesMax);
    this.#fragmentedPercentOfIdle = new Float64Array(samplesMax);
  }

  /** Records the cluster after one offered pod; amounts in thousandths of a GPU. */
  add(arrivedMilli: number, usedMilli: number, fragmentedMilli: number): void {
    const i = this.#count++;
    const idleMilli = this.#gpus * GPU_MILLI - usedMilli;
    // Rounded as the published program logs them, since its analysis reads the log.
    this.#arrivedPercent[i] = roundHalfEven(arrivedMilli / this.#gpus / 10);
    this.#allocatedPercent[i] = roundTo2Decimals(usedMilli / this.#gpus / 10);
    this.#fragmentedMilli[i] = roundTo2Decimals(fragmentedMilli);
    this.#fragmentedPercentOfIdle[i] =
      idleMilli === 0 ? 0 : roundTo2Decimals((100 * fragmentedMilli) / idleMilli);
  }

  /** The curves at 0 … `lastPercent` percent of arrived load. */
  curves(lastPercent: number): InflationCurves {
    const allocatedPercent: number[] = [];
    const fragmentedPercentOfIdle: number[] = [];
    const fragmentedPercentOfGpus: number[] = [];
    for (let k = 0; k <= lastPercent; k++) {
      let [from, to] = this.#range(k, k);
      if (from === to) [from, to] = this.#range(k - 1, k + 1);
      const mean = (values: Float64Array): number => numpySum(values, from, to) / (to - from);
      allocatedPercent.push(numpyRoundTo2Decimals(mean(this.#allocatedPercent)));
      fragmentedPercentOfIdle.push(mean(this.#fragmentedPercentOfIdle));
      const fragmentedGpus = mean(this.#fragmentedMilli) / GPU_MILLI;
      fragmentedPercentOfGpus.push(numpyRoundTo2Decimals((100 * fragmentedGpus) / this.#gpus));
    }
    return { allocatedPercent, fragmentedPercentOfIdle, fragmentedPercentOfGpus };
  }

  /** The samples whose arrived load is `low … high` percent: load never falls, so they stand together. */
  #range(low: number, high: number): [from: number, to: number] {
    return [this.#firstAtLeast(low), this.#firstAtLeast(high + 1)];
  }

  #firstAtLeast(percent: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#arrivedPercent[middle]! < percent) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
