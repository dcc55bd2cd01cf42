import { readFields, readRow } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { ServerId } from '../../ids.js';
import type { FreeCapacity, PlacedPod } from '../../placement/request/placement.js';
import type { ClusterTopology } from '../../topology/types.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX } from '../../units.js';
import { drawingText } from '../svg/drawing-text.js';

/** The GPUs of one placement on a cluster, drawn in one colour. */
export interface ClusterGroup {
  /** Its name in the legend. Default: `group 1`, `group 2`, … */
  readonly name?: string | undefined;
  /** A placement (made or only found), or a run of a simulated job. */
  readonly placement: { readonly pods: readonly PlacedPod[] };
}

/** Options of a cluster drawing about the use of GPUs. */
export interface OccupancyOptions {
  /** The result of `free()` of a solver. Default: all GPUs that are in no group are free. */
  readonly free?: FreeCapacity | undefined;
  /** Placements, each in its own colour; at most 4,096, with 131,072 pods in all. Colours repeat after 24 groups. */
  readonly groups?: readonly ClusterGroup[] | undefined;
  /** Servers that take no new pods. */
  readonly cordoned?: readonly ServerId[] | undefined;
}

/** One GPU: the positions of the groups that hold it (several where pods share it), or its state if no group does. */
export type Cell = readonly number[] | 'free' | 'taken' | 'shared' | 'cordoned';

/** The number of GPUs of a server that are free and not cordoned. */
export function freeGpus(row: readonly Cell[]): number {
  return row.filter((cell) => cell === 'free').length;
}

/** The state of all GPUs of a cluster. */
export interface Occupancy {
  /** Server in document order → GPU ordinal → cell. */
  readonly cells: readonly (readonly Cell[])[];
  readonly cordoned: readonly boolean[];
  readonly groupNames: readonly string[];
  /** GPUs per group; a GPU that several of its pods share counts once. */
  readonly groupSizes: readonly number[];
}

/** Most servers of one list, with repetitions. */
const ROWS_MAX = 2 ** 16;
/** Most pods of all groups in one drawing: a larger picture cannot be read. */
const DRAWN_PODS_MAX = 2 ** 17;
/** Most groups of one drawing. */
const GROUPS_MAX = 4096;

/**
 * Determines the state of every GPU.
 *
 * A GPU of a group belongs to the group even where `free` lists it: so a placement that was found but not made can be
 * drawn.
 *
 * @throws CorralError `unknown-reference` for a server that the cluster does not have; `invalid-option` for a GPU
 * that the server does not have, or a `free` of another cluster; `limit-exceeded` for too many groups
 * @complexity O(GPUs + pods)
 */
export function occupancy(cluster: ClusterTopology, options: OccupancyOptions): Occupancy {
  const positions = new Map(cluster.servers.map(({ id }, i) => [id, i]));
  const position = (server: unknown, path: ErrorPath): number => {
    const found = positions.get(server as ServerId);
    if (found !== undefined) return found;
    throw new CorralError('unknown-reference', path, `no server ${quote(server)} in this cluster`);
  };
  const cordoned = new Array<boolean>(cluster.servers.length).fill(false);
  readList(options.cordoned ?? [], ['cordoned'], 'invalid-option', ROWS_MAX).forEach((server, i) => {
    cordoned[position(server, ['cordoned', i])] = true;
  });
  const cells: Cell[][] =
    options.free === undefined
      ? cluster.servers.map(({ type }) => type.gpus.map((): Cell => 'free'))
      : freeCells(cluster, options.free, position);
  cells.forEach((row, server) => {
    if (!cordoned[server]) return;
    row.forEach((cell, gpu) => {
      if (cell === 'free') row[gpu] = 'cordoned';
    });
  });
  const groups = readList(options.groups ?? [], ['groups']);
  if (groups.length > GROUPS_MAX) {
    throw new CorralError('limit-exceeded', ['groups'], `${groups.length} groups, at most ${GROUPS_MAX}`);
  }
  let podsLeft = DRAWN_PODS_MAX;
  const groupNames: string[] = [];
  const groupSizes = groups.map((group, g) => {
    const { name, placement } = readFields(group, ['name', 'placement'], ['groups', g]);
    groupNames.push(drawingText(name, `group ${g + 1}`, ['groups', g, 'name']));
    const path = ['groups', g, 'placement', 'pods'];
    const { pods } = readRow(placement, ['pods'], path.slice(0, -1));
    const held = new Set<string>();
    const read = readList(pods, path, 'invalid-option', podsLeft);
    podsLeft -= read.length;
    read.forEach((pod, p) => {
      const { server, gpus } = readRow(pod, ['server', 'gpus'], [...path, p]);
      const at = position(server, [...path, p, 'server']);
      const row = cells[at]!;
      readList(gpus, [...path, p, 'gpus'], 'invalid-option', GPUS_PER_SERVER_MAX).forEach((gpu, i) => {
        const cell = cellAt(row, gpu, [...path, p, 'gpus', i]);
        const key = `${at} ${gpu}`;
        if (held.has(key)) return;
        held.add(key);
        row[gpu] = typeof cell === 'string' ? [g] : [...cell, g];
      });
    });
    return held.size;
  });
  return { cells, cordoned, groupNames, groupSizes };
}

function freeCells(
  cluster: ClusterTopology,
  free: FreeCapacity,
  position: (server: unknown, path: ErrorPath) => number,
): Cell[][] {
  const cells: (Cell[] | undefined)[] = new Array(cluster.servers.length);
  const { servers } = readRow(free, ['servers'], ['free']);
  readList(servers, ['free', 'servers'], 'invalid-option', ROWS_MAX).forEach((entry, i) => {
    const path = ['free', 'servers', i];
    const { server, gpus, gpuMilli } = readRow(entry, ['server', 'gpus', 'gpuMilli'], path);
    const at = position(server, [...path, 'server']);
    const freeMilli = readList(gpuMilli, [...path, 'gpuMilli'], 'invalid-option', GPUS_PER_SERVER_MAX);
    const row = cluster.servers[at]!.type.gpus.map((_, gpu): Cell => {
      const milli = freeMilli[gpu];
      return typeof milli === 'number' && milli > 0 && milli < GPU_MILLI ? 'shared' : 'taken';
    });
    readList(gpus, [...path, 'gpus'], 'invalid-option', GPUS_PER_SERVER_MAX).forEach((gpu, g) => {
      cellAt(row, gpu, [...path, 'gpus', g]);
      row[gpu] = 'free';
    });
    cells[at] = row;
  });
  return cluster.servers.map(({ id }, i) => {
    const row = cells[i];
    if (row !== undefined) return row;
    throw new CorralError(
      'invalid-option',
      ['free', 'servers'],
      `says nothing of server ${quote(id)}: give what free() of a solver of this cluster returned`,
    );
  });
}

function cellAt(row: readonly Cell[], gpu: unknown, path: ErrorPath): Cell {
  const cell = typeof gpu === 'number' ? row[gpu] : undefined;
  if (cell !== undefined) return cell;
  throw new CorralError('invalid-option', path, `no GPU ${quote(gpu)}: the server has ${row.length}`);
}
