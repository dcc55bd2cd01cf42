import { CorralError, quote } from '../../errors.js';

/** Kinds of events, in their default order at equal times. */
export const EVENT_KINDS = [
  'finish',
  'repair',
  'ready',
  'failure',
  'submit',
  'compute',
  'defragment',
] as const;
/**
 * - `finish`: a job ends and gives back what it holds.
 * - `repair`: a server is repaired.
 * - `ready`: the hidden steps of a failed job are over, or its time to wait for lost servers is.
 * - `failure`: hardware or a job fails.
 * - `submit`: a job arrives.
 * - `compute`: a job has restarted, and loads the links that it shares with others from now on.
 * - `defragment`: running jobs may be moved, see {@link DefragmentationOptions}.
 */
export type EventKind = (typeof EVENT_KINDS)[number];

/** Kinds that `eventOrder` may leave out; they then come last. */
const OPTIONAL_KINDS: readonly EventKind[] = ['compute', 'defragment'];

/**
 * Events that modules plan ahead → the kind that orders each at equal times. What the event is about, its subject, is a
 * small integer of the module that plans it. Jobs that arrive are not planned: they come from the sorted list of jobs.
 *
 * To add an event: add it here, and let its module register a handler, see `EventLoop.register`.
 */
export const PLANNED_EVENTS = {
  /** Subject: the job that ends. */
  finish: 'finish',
  /** Subject: the number of the repair. */
  repair: 'repair',
  /** The hidden steps of a failed job are over. Subject: the job. */
  ready: 'ready',
  /** A job has waited long enough for servers that it has lost. Subject: the job. */
  giveUp: 'ready',
  /** Subject: the failure law that strikes hardware. */
  hardwareFailure: 'failure',
  /** A job fails by itself. Subject: the job. */
  jobFailure: 'failure',
  /** Subject: the job that computes from now on. */
  compute: 'compute',
  /** It is time to look for jobs to move. Subject: 0. */
  defragment: 'defragment',
} as const;
/** The name of an event that can be planned. */
export type PlannedEvent = keyof typeof PLANNED_EVENTS;

/**
 * The rank of every kind at equal times.
 *
 * @param given - kinds in the order the caller wants, unchecked
 * @param passPerEvent - whether the scheduler runs after every event; if not, `defragment` is always last
 * @returns kind → rank, 0 first
 * @throws CorralError `invalid-option` unless each kind is given once; `compute` and `defragment` may be missing
 */
export function eventRanks(
  given: readonly EventKind[],
  passPerEvent: boolean,
): Readonly<Record<EventKind, number>> {
  const isShort = Array.isArray(given) && given.length <= EVENT_KINDS.length;
  const order = isShort ? [...given, ...OPTIONAL_KINDS.filter((kind) => !given.includes(kind))] : [];
  const isOrder = order.length === EVENT_KINDS.length && EVENT_KINDS.every((kind) => order.includes(kind));
  if (!isOrder) {
    throw new CorralError(
      'invalid-option',
      ['eventOrder'],
      `expected each of ${EVENT_KINDS.join(', ')} once, got ${isShort ? quote(given.map(quote).join(', ')) : quote(given)}`,
    );
  }
  // Moving jobs is a decision, and decisions come after all events of their time.
  const ranked = passPerEvent ? order : [...order.filter((kind) => kind !== 'defragment'), 'defragment'];
  return Object.fromEntries(ranked.map((kind, rank) => [kind, rank])) as Record<EventKind, number>;
}
