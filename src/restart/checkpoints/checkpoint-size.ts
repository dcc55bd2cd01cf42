import { readFields } from '../../checks/fields.js';
import { bandwidthGBps, nonNegative, positive } from '../../checks/quantity.js';
import { oneOf } from '../../checks/values.js';
import { CorralError } from '../../errors.js';

/**
 * Bytes per parameter of a checkpoint, by what it holds.
 *
 * | | bytes | evidence |
 * |---|---:|---|
 * | `weights` | 2 | bf16 weights (stas00/ml-engineering at 744d01e, repository) |
 * | `adam` | 12 | fp32 master weights and two fp32 moments (digest; MT-NLG's 42 min at 20 Gbit/s give 11.9) |
 * | `adam-and-weights` | 14 | and the bf16 weights (digest; BLOOM: 13.05 decimal, 14.35 if its 2.3 TB are TiB) |
 * | `muon` | 10 | bf16 weights, fp32 master and momentum (digest) |
 * | `muon-bf16` | 8 | the same with bf16 momentum (digest) |
 */
export const BYTES_PER_PARAMETER: {
  readonly weights: 2;
  readonly adam: 12;
  readonly 'adam-and-weights': 14;
  readonly muon: 10;
  readonly 'muon-bf16': 8;
} = Object.freeze({
  weights: 2,
  adam: 12,
  'adam-and-weights': 14,
  muon: 10,
  'muon-bf16': 8,
});
/** What a checkpoint holds. */
export type CheckpointContent = keyof typeof BYTES_PER_PARAMETER;

/**
 * Size of a checkpoint in bytes.
 *
 * @param options.parameters - of the model, above 0
 * @param options.content - default `adam`, the usual sharded training checkpoint
 * @param options.bytesPerParameter - instead of `content`, above 0
 * @throws CorralError `invalid-option`
 */
export function checkpointBytes(options: {
  readonly parameters: number;
  readonly content?: CheckpointContent | undefined;
  readonly bytesPerParameter?: number | undefined;
}): number {
  const given = readFields(options, ['parameters', 'content', 'bytesPerParameter']);
  const parameters = positive(given.parameters, 'parameters');
  const { content = 'adam', bytesPerParameter } = given;
  oneOf(content, Object.keys(BYTES_PER_PARAMETER), 'content');
  if (bytesPerParameter !== undefined && given.content !== undefined) {
    throw new CorralError(
      'invalid-option',
      ['bytesPerParameter'],
      'give either content or bytesPerParameter',
    );
  }
  return (
    parameters *
    (bytesPerParameter === undefined
      ? BYTES_PER_PARAMETER[content]
      : positive(bytesPerParameter, 'bytesPerParameter'))
  );
}

/**
 * Seconds that an asynchronous checkpoint blocks the job: the time to copy each GPU's part to its host.
 *
 * Measured: 0.01 to 0.5 s asynchronous (ByteRobust, full text; DCP, digest), 7 to 150 s synchronous.
 *
 * @param options.bytes - of the whole checkpoint
 * @param options.gpus - number of GPUs that hold it in equal parts, above 0
 * @param options.deviceToHostGBps - per GPU, above 0
 * @throws CorralError `invalid-option`
 */
export function snapshotStallSeconds(options: {
  readonly bytes: number;
  readonly gpus: number;
  readonly deviceToHostGBps: number;
}): number {
  const { bytes, gpus, deviceToHostGBps } = readFields(options, ['bytes', 'gpus', 'deviceToHostGBps']);
  const bytesPerGpu = nonNegative(bytes, 'bytes') / positive(gpus, 'gpus');
  return bytesPerGpu / (bandwidthGBps(deviceToHostGBps, 'deviceToHostGBps') * 1e9);
}
