import type { Gang } from '../../placement/gangs/gang.js';
import { type Assignment, forEachPiece } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/** GPUs of one job for a stretch of time: the job runs on them, or is promised them. Times are microseconds. */
export interface Reservation {
  readonly job: number;
  readonly gang: Gang;
  /** The GPUs. They change only while the reservation is in no timetable. */
  assignment: Assignment;
  readonly begin: number;
  /** When the scheduler expects the job to end. */
  readonly end: number;
  /** When its GPUs can be free at the earliest: later than `end` if the job is overdue. */
  goneBy: number;
  /** True for a promise to a waiting job. A promise may get other GPUs; a running job keeps its own. */
  readonly isPromise: boolean;
  /** True while the window engine counts its GPUs as taken. */
  isLoaded: boolean;
  /** Position in the list of the timetable; -1 while it is in no timetable. */
  at: number;
}

/** What a reservation holds on one server. */
export interface Held {
  readonly reservation: Reservation;
  /** Bit mask of GPU ordinals. */
  readonly mask: number;
  readonly pods: number;
}

/** Which end of a reservation counts: the expected one, or the one that holds for overdue jobs too. */
export type EndField = 'end' | 'goneBy';

/** A reservation that is in no timetable yet. */
export function newReservation(
  job: number,
  gang: Gang,
  assignment: Assignment,
  begin: number,
  end: number,
  isPromise: boolean,
): Reservation {
  return { job, gang, assignment, begin, end, goneBy: end, isPromise, isLoaded: false, at: -1 };
}

/** How long a job is expected to run on so many pods, microseconds: at least 1, so that it ends after it begins. */
export function durationOn(run: ClusterRun, job: number, pods: number): number {
  return Math.max(1, run.times.durationOn(job, pods));
}

/** True if a reservation overlaps the stretch `from … to`, the later time excluded. */
export function overlaps(reservation: Reservation, from: number, to: number, by: EndField = 'end'): boolean {
  return reservation.begin < to && reservation[by] > from;
}

/** The servers of a reservation; a server is listed once per piece. */
export function serversOf({ assignment }: Reservation): readonly number[] {
  return assignment.pieces?.servers ?? [assignment.server];
}

/** Server → what a reservation holds there. */
export function heldByServer(reservation: Reservation): Map<number, Held[]> {
  const found = new Map<number, Held[]>();
  forEachPiece(reservation.assignment, (server, mask, pods) => {
    const onServer = found.get(server);
    if (onServer === undefined) found.set(server, [{ reservation, mask, pods }]);
    else onServer.push({ reservation, mask, pods });
  });
  return found;
}
