import { integer, nonNegative, positive } from '../../checks/quantity.js';
import { oneOf, safeInteger, trueOrFalse, unexpected } from '../../checks/values.js';
import { CorralError } from '../../errors.js';
import { cappedMicros, SECONDS_MAX, toMicros } from './clock.js';
import { EVENT_KINDS, type EventKind, eventRanks } from './event-kinds.js';
import { type CheckedWindow, checkedWindow } from './metrics-window.js';
import { JOBS_MAX } from './read-jobs.js';
import {
  QUEUES,
  type Queue,
  type SimulateOptions,
  VICTIM_RULES,
  VICTIM_SCOPES,
  type VictimRule,
  type VictimScope,
} from './simulation-options.js';

const EVENTS_MAX = 1_000_000_000;
/** Events that a simulation may have unless the caller says otherwise, and more for each of its jobs. */
const EVENTS_DEFAULT = 1_000_000;
const EVENTS_PER_JOB_DEFAULT = 1000;
/** The shortest time between two looks for jobs to move: each is work, and a rounded 0 would have no end of them. */
const EVERY_SECONDS_MIN = 1;

/** Whom to preempt. */
export interface CheckedVictims {
  readonly rule: VictimRule;
  /** Microseconds that a run is left alone. */
  readonly runMicrosMin: number;
  readonly scope: VictimScope;
}

/** When to look for jobs to move, and which moves are worth it; see DefragmentationOptions. */
export interface CheckedDefragmentation {
  readonly everyMicros: number;
  readonly movesMax: number;
  readonly gainFactor: number;
}

/** What is left to decide of the scheduler's options once defaults are in. */
export interface CheckedOptions {
  readonly queue: Queue;
  readonly admission: 'strict' | 'greedy';
  readonly backfill: 'none' | 'easy' | 'conservative';
  /** Jobs behind the head that EASY looks at. */
  readonly backfillDepth: number;
  readonly preemption: 'none' | 'order' | CheckedVictims;
  readonly defragmentation: CheckedDefragmentation | undefined;
  /** Whether running jobs shrink and grow. */
  readonly resizes: boolean;
  readonly preemptedKeeps: boolean;
  readonly priorityPerHour: number;
  /** Microseconds; Infinity = nobody is killed. */
  readonly overrunMicros: number;
  readonly sharesLinks: boolean;
  readonly passPerEvent: boolean;
  readonly ranks: Readonly<Record<EventKind, number>>;
  readonly seed: number;
  /** Microseconds; Infinity = to the end. */
  readonly until: number;
  /** What the metrics are over. */
  readonly window: CheckedWindow;
  /** Microseconds between samples; undefined = none. */
  readonly timelineMicros: number | undefined;
  readonly eventsMax: number;
}

/**
 * Checks what can be checked without the cluster, and fills in defaults.
 *
 * @param options - from {@link readOptions}
 * @param jobs - how many there are
 * @throws CorralError `invalid-option` with the path of the offending field
 */
export function checkedOptions(options: SimulateOptions, jobs: number): CheckedOptions {
  const preemption = preemptionOf(options.preemption ?? 'none');
  const admission = oneOf(
    options.admission ?? (preemption === 'order' ? 'greedy' : 'strict'),
    ['strict', 'greedy'],
    'admission',
  );
  const backfill = oneOf(options.backfill ?? 'none', ['none', 'easy', 'conservative'], 'backfill');
  if (backfill !== 'none' && admission === 'greedy') {
    throw contradiction(
      'backfill',
      'jobs only backfill where the head of the queue blocks: admission strict',
    );
  }
  if (preemption === 'order' && admission === 'strict') {
    throw contradiction('admission', 'preemption by order takes whoever fits: leave admission out');
  }
  const queue = oneOf(options.queue ?? 'fifo', QUEUES, 'queue');
  if (queue === 'fair-share' && (backfill !== 'none' || preemption === 'order')) {
    throw contradiction('queue', 'fair share neither backfills nor preempts by order');
  }
  const resizes = oneOf(options.elastic ?? 'start', ['start', 'running'], 'elastic') === 'running';
  if (queue !== 'fair-share' && typeof preemption === 'object' && preemption.scope === 'both') {
    throw contradiction('preemption', 'only the queue fair-share reclaims: take the scope cluster or tenant');
  }
  if (resizes && queue === 'fair-share') {
    throw contradiction(
      'elastic',
      'under fair share a running gang shrinks when others reclaim what they deserve, and does not grow: leave elastic out',
    );
  }
  if (resizes && preemption === 'order') {
    throw contradiction(
      'elastic',
      'preemption by order chooses everybody anew at every pass: leave elastic out',
    );
  }
  if (options.defragmentation !== undefined && preemption === 'order') {
    throw contradiction('defragmentation', 'preemption by order chooses everybody anew at every pass');
  }
  if (options.headroom !== undefined && backfill === 'conservative') {
    throw contradiction('headroom', 'conservative backfill promises GPUs, whoever may use them: take easy');
  }
  if (options.backfillDepth !== undefined && backfill !== 'easy') {
    throw contradiction('backfillDepth', 'only the backfill easy has a depth');
  }
  if (options.priorityPerHour !== undefined && queue !== 'priority' && queue !== 'fair-share') {
    throw contradiction('priorityPerHour', 'only the queues priority and fair-share look at priorities');
  }
  if (queue !== 'fair-share' && options.quotas !== undefined) {
    throw contradiction('quotas', 'quotas are for the queue fair-share');
  }
  const passPerEvent = oneOf(options.passes ?? 'instant', ['event', 'instant'], 'passes') === 'event';
  const seed = safeInteger(options.seed ?? 0, 'seed');
  const { onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw unexpected('a function', onProgress, ['onProgress']);
  }
  return {
    queue,
    admission,
    backfill,
    backfillDepth: integer(options.backfillDepth ?? JOBS_MAX, 1, JOBS_MAX, 'backfillDepth'),
    preemption,
    defragmentation: defragmentationOf(options.defragmentation),
    resizes,
    priorityPerHour: nonNegative(options.priorityPerHour ?? 0, 'priorityPerHour'),
    overrunMicros: overrunOf(options.overrunSecondsMax),
    preemptedKeeps: oneOf(options.preempted ?? 'kept', ['kept', 'checkpoint'], 'preempted') === 'kept',
    sharesLinks: trueOrFalse(options.linkSharing ?? true, 'linkSharing'),
    passPerEvent,
    ranks: eventRanks(options.eventOrder ?? EVENT_KINDS, passPerEvent),
    seed,
    until: untilOf(options.untilSeconds),
    window: checkedWindow(options.metrics),
    timelineMicros: timelineMicros(options.timelineSeconds),
    eventsMax: integer(
      options.eventsMax ?? Math.min(EVENTS_MAX, EVENTS_DEFAULT + EVENTS_PER_JOB_DEFAULT * jobs),
      1,
      EVENTS_MAX,
      'eventsMax',
    ),
  };
}

function preemptionOf(value: NonNullable<SimulateOptions['preemption']>): CheckedOptions['preemption'] {
  if (value === 'none' || value === 'order') return value;
  if (typeof value !== 'object') throw unexpected('none, order or { victims }', value, ['preemption']);
  const { victims, runSecondsMin = 0, scope = 'cluster' } = value;
  return {
    scope: oneOf(scope, VICTIM_SCOPES, 'preemption', 'scope'),
    rule: oneOf(victims, VICTIM_RULES, 'preemption', 'victims'),
    runMicrosMin: cappedMicros(nonNegative(runSecondsMin, 'preemption', 'runSecondsMin')),
  };
}

function defragmentationOf(options: SimulateOptions['defragmentation']): CheckedDefragmentation | undefined {
  if (options === undefined) return undefined;
  const { everySeconds = 3600, movesMax = 16, gainFactor = 1 } = options;
  const path = ['defragmentation', 'everySeconds'];
  if (positive(everySeconds, ...path) < EVERY_SECONDS_MIN) {
    throw unexpected(`at least ${EVERY_SECONDS_MIN}`, everySeconds, path);
  }
  return {
    everyMicros: cappedMicros(everySeconds),
    movesMax: integer(movesMax, 1, 10_000, 'defragmentation', 'movesMax'),
    gainFactor: nonNegative(gainFactor, 'defragmentation', 'gainFactor'),
  };
}

function overrunOf(seconds: number | undefined): number {
  if (seconds === undefined) return Number.POSITIVE_INFINITY;
  return cappedMicros(nonNegative(seconds, 'overrunSecondsMax'));
}

function untilOf(seconds: number | undefined): number {
  if (seconds === undefined) return Number.POSITIVE_INFINITY;
  if (nonNegative(seconds, 'untilSeconds') <= SECONDS_MAX) return toMicros(seconds);
  throw unexpected(`at most ${SECONDS_MAX}`, seconds, ['untilSeconds']);
}

function timelineMicros(seconds: number | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  return Math.max(1, toMicros(positive(seconds, 'timelineSeconds')));
}

function contradiction(field: keyof SimulateOptions, problem: string): CorralError {
  return new CorralError('invalid-option', [field], problem);
}
