import { integer } from '../../checks/quantity.js';
import type { Levels } from '../../placement/gangs/gang.js';
import { type RandomStream, randomStream } from '../../random.js';
import { AWAY } from '../jobs/job-state.js';
import { FAILED, HELD } from '../jobs/run-log.js';
import type { ClusterRun, Restarts } from '../kernel/cluster-run.js';
import { cappedMicros, MICROS } from '../options/clock.js';
import type { SimulatedFailures, SimulatedRestart } from '../options/simulation-options.js';
import { type FailurePlace, FailurePlaces } from './failure-places.js';
import { drawnMicros, RestartSteps } from './restart-steps.js';
import { ServiceState } from './service-state.js';
import { ShortGangs } from './short-gangs.js';

/** Default time that a gang without some of its servers keeps the others, where there are spares: a day. */
const HOLD_MICROS = 86_400 * MICROS;

/**
 * Failures and repairs, and their effect on jobs.
 *
 * Hardware fails whether or not a job runs on it, at times and places drawn from a stream of its own. So two
 * simulations with one seed see the same failures, whatever the policy. Jobs fail by themselves while they hold GPUs,
 * except in the hidden steps of a restart.
 *
 * A failure without a repair restarts its jobs on the same servers. With a repair a job either keeps the servers that
 * are left and waits for others (see ShortGangs), or gives up all GPUs and is back in the queue after the hidden
 * steps.
 */
export class FailureEvents implements Restarts {
  readonly #run: ClusterRun;
  readonly #places: readonly FailurePlaces[];
  readonly #ofJobs: readonly FailurePlaces[];
  readonly steps: RestartSteps;
  readonly #service: ServiceState;
  readonly #hardware: RandomStream;
  readonly #jobs: RandomStream;
  /** Repair → the servers that it repairs. */
  readonly #repairs: { readonly from: number; readonly to: number }[] = [];
  /** Job → end of the hidden steps of its restart. */
  readonly #upFrom: Float64Array;
  /** Job → number of its restarts; events of former restarts have a smaller number. */
  readonly #restarts: Int32Array;
  /** Time that a gang without some of its servers keeps the others; 0 = none. */
  readonly #holdMicros: number;
  readonly #short: ShortGangs;
  /** Codes of the events. */
  readonly #repairEvent: number;
  readonly #readyEvent: number;
  readonly #giveUpEvent: number;
  readonly #hardwareEvent: number;
  readonly #jobEvent: number;

  /**
   * @param options - as `readOptions` returns them
   * @throws CorralError for wrong laws
   */
  constructor(
    run: ClusterRun,
    levels: Levels,
    options: {
      failures: SimulatedFailures | undefined;
      restart: SimulatedRestart | undefined;
      seed: number;
      /** True if gangs that lose servers keep the others by default: there are spares, and the option is not set. */
      holdsForSpares: boolean;
    },
  ) {
    const failures = options.failures ?? { laws: [] };
    const { tables } = run.engine;
    const places = failures.laws.map((law, i) => new FailurePlaces(law, i, tables, levels));
    this.#run = run;
    this.#places = places;
    this.#ofJobs = places.filter((place) => place.isOfJobs);
    this.steps = new RestartSteps(options.restart, randomStream(options.seed, 'phases'));
    this.#hardware = randomStream(options.seed, 'hardware');
    this.#jobs = randomStream(options.seed, 'failures');
    this.#upFrom = new Float64Array(run.table.count);
    const spares = integer(failures.spareServers ?? 0, 0, tables.serverCount - 1, 'failures', 'spareServers');
    this.#service = new ServiceState(run, spares);
    this.#restarts = new Int32Array(run.table.count);
    this.#holdMicros = this.steps.holdMicros ?? (spares > 0 && options.holdsForSpares ? HOLD_MICROS : 0);
    this.#short = new ShortGangs(run);
    const { loop, state } = run;
    this.#repairEvent = loop.register('repair', { handle: (repair) => this.#endRepair(repair) });
    const isStaleRestart = (job: number, stamp: number): boolean =>
      this.#restarts[job] !== stamp || !(state.status[job] === AWAY || this.#short.isShort(job));
    this.#readyEvent = loop.register('ready', {
      handle: (job) => {
        if (this.#short.isShort(job)) this.#short.lookAgain();
        else run.enqueue(job);
      },
      isStale: isStaleRestart,
    });
    this.#giveUpEvent = loop.register('giveUp', {
      handle: (job) => {
        if (this.#short.isShort(job)) this.#giveUp(job);
        else run.enqueue(job);
      },
      isStale: isStaleRestart,
    });
    this.#hardwareEvent = loop.register('hardwareFailure', { handle: (law) => this.#hardwareFails(law) });
    this.#jobEvent = loop.register('jobFailure', {
      handle: (job) => this.#restartInPlace(job, this.#drawLaw(job)),
      isStale: (job, stamp) => state.stamp[job] !== stamp,
    });
    places.forEach((_, law) => {
      this.#scheduleHardware(law);
    });
  }

  /** Gives other servers to gangs that have lost some, before the scheduler starts any job. */
  replace(): void {
    this.#short.replace();
  }

  onStart(job: number, delay: number): number {
    const { state, now } = this.#run;
    const upFrom = now + delay;
    this.#upFrom[job] = upFrom;
    const rate = this.#rateOfJob(job);
    if (rate > 0) {
      const due = upFrom + this.#exponential(this.#jobs, rate);
      this.#run.loop.plan(this.#jobEvent, due, job, state.stamp[job]!);
    }
    return state.starts[job]! > 1 ? this.steps.exposedMicros() : 0;
  }

  #endRepair(repair: number): void {
    const { from, to } = this.#repairs[repair]!;
    for (let server = from; server < to; server++) this.#service.bringBack(server);
  }

  #giveUp(job: number): void {
    const run = this.#run;
    const { readyAt } = this.#short.timesOf(job)!;
    this.#short.giveUp(job);
    if (readyAt <= run.now) run.enqueue(job);
    else this.#planReady(job, readyAt);
  }

  #planReady(job: number, at: number): void {
    this.#run.loop.plan(this.#readyEvent, at, job, ++this.#restarts[job]!);
  }

  #hardwareFails(law: number): void {
    const run = this.#run;
    const places = this.#places[law]!;
    const { repair } = places.law;
    const place = places.draw(this.#hardware);
    this.#scheduleHardware(law);
    // A job that stops leaves the list of running jobs, so the jobs are collected first.
    const hit: number[] = [];
    for (let i = 0; i < run.runningCount; i++) {
      if (this.#hits(place, run.running[i]!)) hit.push(run.running[i]!);
    }
    const { submissionOf } = run.table;
    for (const job of hit.sort((a, b) => submissionOf[a]! - submissionOf[b]!)) {
      if (repair === undefined) {
        // In its hidden steps a job has no process that could fail.
        if (this.#isUp(job)) this.#restartInPlace(job, places);
      } else if (this.#holdMicros > 0) this.#loseServers(job, places, place);
      else this.#sendAway(job, places);
    }
    if (repair === undefined) return;
    const { firstServer: from, endServer: to } = place;
    for (let server = from; server < to; server++) this.#service.takeOut(server);
    const micros = drawnMicros(repair, () => this.#hardware.unit(), ['failures', 'laws', law, 'repair']);
    this.#repairs.push({ from, to });
    run.loop.plan(this.#repairEvent, run.now + micros, this.#repairs.length - 1, 0);
  }

  #isUp(job: number): boolean {
    return !this.#short.isShort(job) && this.#run.now >= this.#upFrom[job]!;
  }

  #hits({ firstServer, endServer, gpuBit }: FailurePlace, job: number): boolean {
    const { holdings } = this.#run;
    const isHit = (server: number, mask: number): boolean =>
      server >= firstServer && server < endServer && (gpuBit === 0 || (mask & gpuBit) !== 0);
    const pieces = holdings.pieces[job];
    if (pieces === undefined) return isHit(holdings.server[job]!, holdings.mask[job]!);
    for (let i = 0; i < pieces.servers.length; i++) {
      if (isHit(pieces.servers[i]!, pieces.masks[i]!)) return true;
    }
    return false;
  }

  #restartInPlace(job: number, { law, memoryLost }: FailurePlaces): void {
    const run = this.#run;
    run.stop(job, FAILED, { keeps: false, keepsMemory: !memoryLost, holdsOn: true });
    run.begin(job, this.steps.hiddenMicros(law.detect));
  }

  #sendAway(job: number, { law }: FailurePlaces): void {
    const run = this.#run;
    run.stop(job, FAILED, { keeps: false, holdsOn: false });
    run.state.status[job] = AWAY;
    this.#planReady(job, run.now + this.steps.hiddenMicros(law.detect));
  }

  /**
   * Takes the pods of a job from servers that need a repair. If the job was in its hidden steps, nothing fails and
   * its restart continues; otherwise a restart begins.
   */
  #loseServers(job: number, { law, memoryLost }: FailurePlaces, place: FailurePlace): void {
    const run = this.#run;
    const { now, loop, engine } = run;
    const isUp = this.#isUp(job);
    const before = this.#short.timesOf(job);
    run.stop(job, isUp ? FAILED : HELD, { keeps: false, keepsMemory: !memoryLost, holdsOn: true });
    const readyAt = isUp
      ? now + this.steps.hiddenMicros(law.detect)
      : (before?.readyAt ?? this.#upFrom[job]!);
    const givesUpAt = before?.givesUpAt ?? now + this.#holdMicros;
    const expectedAt = now + cappedMicros(law.repair!.mean);
    const isLost = (server: number): boolean =>
      (server >= place.firstServer && server < place.endServer) || engine.state.cordoned[server] === 1;
    this.#short.lose(job, isLost, { readyAt, givesUpAt, expectedAt });
    const restart = ++this.#restarts[job]!;
    loop.plan(this.#readyEvent, Math.max(now, readyAt), job, restart);
    if (this.#short.isShort(job)) loop.plan(this.#giveUpEvent, givesUpAt, job, restart);
  }

  #rateOfJob(job: number): number {
    if (this.#ofJobs.length === 0) return 0;
    const { holdings } = this.#run;
    const pieces = holdings.pieces[job];
    const servers = pieces === undefined ? 1 : new Set(pieces.servers).size;
    let rate = 0;
    for (const law of this.#ofJobs) rate += law.rateOfJob(this.#run.gpusOf(job), servers);
    return rate;
  }

  /** The law that struck: laws of jobs in proportion to their rates. */
  #drawLaw(job: number): FailurePlaces {
    if (this.#ofJobs.length === 1) return this.#ofJobs[0]!;
    const { holdings } = this.#run;
    const pieces = holdings.pieces[job];
    const servers = pieces === undefined ? 1 : new Set(pieces.servers).size;
    let left = this.#jobs.unit() * this.#rateOfJob(job);
    for (const law of this.#ofJobs) {
      left -= law.rateOfJob(this.#run.gpusOf(job), servers);
      if (left < 0) return law;
    }
    return this.#ofJobs.at(-1)!;
  }

  #scheduleHardware(law: number): void {
    const { failuresPerSecond } = this.#places[law]!;
    if (failuresPerSecond === 0) return;
    const due = this.#run.now + this.#exponential(this.#hardware, failuresPerSecond);
    this.#run.loop.plan(this.#hardwareEvent, due, law, 0);
  }

  /** Draws the time until the next event of a rate per second, microseconds. */
  #exponential(random: RandomStream, perSecond: number): number {
    return Math.ceil((-Math.log(1 - random.unit()) / perSecond) * MICROS);
  }
}
