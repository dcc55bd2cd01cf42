import { type CompileOptions, compile, type PlacementRequest, type Solver } from '../../src/index.js';
import type { GangCase } from './gangs/gang-cluster.js';

/** A solver after the history of a case, and the servers that are cordoned. */
export function replayed(
  { cluster, history, sizes }: GangCase,
  options: CompileOptions = {},
): { solver: Solver; cordoned: Set<string> } {
  const solver = compile(cluster, { ...(sizes !== undefined && { sizes }), ...options });
  const cordoned = new Set<string>();
  const live: Parameters<Solver['release']>[0][] = [];
  for (const step of history) {
    if (step.kind === 'place') {
      const answer = solver.place(step.request as PlacementRequest);
      if (answer.ok) live.push(answer.placement);
    } else if (step.kind === 'release') {
      if (live.length > 0) solver.release(live.splice(step.pick % live.length, 1)[0]!);
    } else {
      const { id } = cluster.servers[step.pick % cluster.servers.length]!;
      solver[step.kind](id);
      cordoned[step.kind === 'cordon' ? 'add' : 'delete'](id);
    }
  }
  return { solver, cordoned };
}
