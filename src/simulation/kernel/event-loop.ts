import { CorralError } from '../../errors.js';
import type { JobTable } from '../jobs/job-table.js';
import { MICROS_MAX, SECONDS_MAX } from '../options/clock.js';
import { type EventKind, PLANNED_EVENTS, type PlannedEvent } from '../options/event-kinds.js';
import { EventQueue } from './event-queue.js';

/** Fewer stale events than this are not worth a walk through the queue. */
const STALE_MIN = 1024;
/** An event in the queue is its subject × 2^4 + the position of its name in {@link EVENT_NAMES}. */
const CODE_BITS = 4;
const CODE_MASK = 2 ** CODE_BITS - 1;
const EVENT_NAMES = Object.keys(PLANNED_EVENTS) as PlannedEvent[];

/** What a module does with the events that it plans. */
export interface EventHandler {
  /** The event happens now. */
  readonly handle: (subject: number) => void;
  /**
   * True if the event has lost its meaning, as the end of a run that was stopped before: then it does not happen. The stamp
   * is the number that the event was planned with. Absent: events keep their meaning.
   */
  readonly isStale?: (subject: number, stamp: number) => boolean;
}

/** What the loop calls besides the handlers. */
export interface LoopOwner {
  /** A job arrives. */
  submit(job: number): void;
  /** The scheduler decides whom to start. */
  schedulePass(): void;
  /** True when every job has ended or was refused. */
  readonly isDone: boolean;
}

/** When events happen. */
export interface LoopSettings {
  /** Kind → its rank at equal times, lower first. */
  readonly ranks: Readonly<Record<EventKind, number>>;
  /** True: a pass follows every event. False: a pass follows all events of one time. */
  readonly passPerEvent: boolean;
  /** No event after this happens, microseconds; Infinity = all do. */
  readonly until: number;
}

/**
 * The clock of a simulation, and the order in which events and passes of the scheduler follow each other. Modules register a
 * handler for the events that they plan.
 */
export class EventLoop {
  /** Microseconds. */
  now = 0;
  /** Events that have happened; passes are none. */
  eventCount = 0;
  /** Called before time goes on to a later time, in microseconds. */
  onTime: ((until: number) => void) | undefined;
  readonly #table: JobTable;
  readonly #settings: LoopSettings;
  readonly #owner: LoopOwner;
  readonly #queue = new EventQueue();
  /** Code of an event → its rank, and its handler. */
  readonly #rankOf: readonly number[];
  readonly #handlers: EventHandler[] = [];
  /** Stale events in the queue; those that no module has reported are not counted. */
  #staleCount = 0;
  /** Position in `bySubmission` of the next job to arrive. */
  #nextSubmission = 0;
  /** True if an event has happened since the last pass. */
  #passDue = false;
  /** Time of the last pass. */
  #passedAt = Number.NEGATIVE_INFINITY;

  constructor(table: JobTable, settings: LoopSettings, owner: LoopOwner) {
    this.#table = table;
    this.#settings = settings;
    this.#owner = owner;
    this.#rankOf = EVENT_NAMES.map((name) => settings.ranks[PLANNED_EVENTS[name]]);
  }

  /**
   * Registers the handler of an event. Every event that is planned needs one.
   *
   * @returns the code to {@link plan} the event with
   */
  register(event: PlannedEvent, handler: EventHandler): number {
    const code = EVENT_NAMES.indexOf(event);
    this.#handlers[code] = handler;
    return code;
  }

  /**
   * Plans an event.
   *
   * @param code - from {@link register}
   * @param time - when it happens, microseconds
   * @param subject - what it is about, 0 … 2^27 - 1
   * @param stamp - handed to `isStale`
   */
  plan(code: number, time: number, subject: number, stamp: number): void {
    this.#queue.push(time, this.#rankOf[code]!, (subject << CODE_BITS) | code, stamp);
  }

  /** True when no event is planned and all jobs have arrived. */
  get isOver(): boolean {
    return this.#queue.length === 0 && this.#nextSubmission === this.#table.count;
  }

  /**
   * One step of the simulation: one event, or one pass of the scheduler.
   *
   * 1. Stale events leave the front of the queue.
   * 2. The next event is the first of the queue, or the next job to arrive if that comes first.
   * 3. If it is later than now and a pass is due, the step is that pass.
   * 4. The simulation ends if nothing is left, if `until` is reached, or if all jobs have ended.
   * 5. Time goes on to the event.
   * 6. Before running jobs are moved, the scheduler does what it can without: if it has not run at this time, the step is a pass.
   * 7. The event happens. A pass follows it at once, or is due when all events of this time have happened.
   *
   * @returns false if nothing is left to happen
   * @throws CorralError `limit-exceeded` for a time that is too late to be exact
   */
  step(): boolean {
    const queue = this.#queue;
    const { ranks, until, passPerEvent } = this.#settings;
    while (queue.length > 0 && this.#isStale(queue.nextSubject, queue.nextStamp)) {
      queue.pop();
      this.#staleCount--;
    }
    const { bySubmission, submit, count } = this.#table;
    const submitter = this.#nextSubmission < count ? bySubmission[this.#nextSubmission]! : -1;
    const submitTime = submitter === -1 ? Number.POSITIVE_INFINITY : submit[submitter]!;
    const eventTime = queue.nextTime;
    const time = Math.min(submitTime, eventTime);
    if (this.#passDue && time > this.now) {
      this.pass();
      return true;
    }
    if (time > until || time === Number.POSITIVE_INFINITY) return false;
    // Hardware fails for ever: without `until` the last job ends the simulation.
    if (until === Number.POSITIVE_INFINITY && this.#owner.isDone) return false;
    if (time > MICROS_MAX) throw tooLate();
    if (time > this.now) this.onTime?.(time);
    this.now = time;
    const submitFirst = submitTime < eventTime || (submitTime === eventTime && ranks.submit < queue.nextRank);
    if (!submitFirst && queue.nextRank === ranks.defragment && (this.#passDue || this.#passedAt < time)) {
      this.pass();
      return true;
    }
    if (submitFirst) {
      this.#nextSubmission++;
      this.#owner.submit(submitter);
    } else {
      queue.pop();
      this.#handlers[queue.subject & CODE_MASK]!.handle(queue.subject >> CODE_BITS);
    }
    this.eventCount++;
    if (passPerEvent) this.pass();
    else this.#passDue = true;
    return true;
  }

  /** Lets the scheduler run. */
  pass(): void {
    this.#passDue = false;
    this.#passedAt = this.now;
    this.#owner.schedulePass();
  }

  /** A planned event has become stale. When most events are, they all leave the queue. */
  countStale(): void {
    if (++this.#staleCount < STALE_MIN || 2 * this.#staleCount < this.#queue.length) return;
    this.#queue.drop((_, subject, stamp) => this.#isStale(subject, stamp));
    this.#staleCount = 0;
  }

  #isStale(coded: number, stamp: number): boolean {
    const handler = this.#handlers[coded & CODE_MASK]!;
    return handler.isStale?.(coded >> CODE_BITS, stamp) ?? false;
  }
}

function tooLate(): CorralError {
  return new CorralError(
    'limit-exceeded',
    ['untilSeconds'],
    `after ${SECONDS_MAX} s times are no longer exact: stop earlier with untilSeconds, or give shorter jobs`,
  );
}
