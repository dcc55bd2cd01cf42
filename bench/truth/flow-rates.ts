import { fairShares, route, type ServerTopology } from '../../src/index.js';

/** A transfer from one device to another. */
export type DevicePair = readonly [from: string, to: string];

/**
 * The rates of transfers that run at the same time on one server, GB/s.
 *
 * Each takes its route and keeps under the per-flow caps on it; both directions of every link are shared
 * max-min fairly.
 */
export function flowRates(server: ServerTopology, pairs: readonly DevicePair[]): number[] {
  const positions = new Map<string, number>();
  const capacities: number[] = [];
  const flows = pairs.map(([from, to]) => {
    const { devices, bandwidthGBps } = route(server, from, to);
    const links = devices.slice(1).map((next, i) => {
      const at = devices[i]!;
      const key = JSON.stringify([at, next]);
      const known = positions.get(key);
      if (known !== undefined) return known;
      positions.set(key, capacities.length);
      capacities.push(hopGBps(server, at, next));
      return capacities.length - 1;
    });
    return { links, cap: bandwidthGBps };
  });
  return fairShares(capacities, flows);
}

/** What one hop of a route carries. A route names the first of equal NVSwitches for all of them. */
function hopGBps(server: ServerTopology, a: string, b: string): number {
  const kindOf = new Map(server.document.devices.map((device) => [device.id, device.kind]));
  const nvswitch = [a, b].find((id) => kindOf.get(id) === 'nvswitch');
  const other = nvswitch === a ? b : a;
  let sum = 0;
  for (const link of server.document.links) {
    const [x, y] = link.between;
    const joins = (x === a && y === b) || (x === b && y === a);
    const joinsAnySwitch =
      nvswitch !== undefined &&
      ((x === other && kindOf.get(y) === 'nvswitch') || (y === other && kindOf.get(x) === 'nvswitch'));
    if (joins || joinsAnySwitch) sum += link.bandwidthGBps;
  }
  return sum;
}

/** Sum of figures. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** All-to-all over some devices: every ordered pair. */
export function allToAll(ids: readonly string[]): DevicePair[] {
  return ids.flatMap((from) => ids.filter((to) => to !== from).map((to): DevicePair => [from, to]));
}

/** Slowest flow times flows: what a benchmark reports that moves equal amounts and waits for the last. */
export function equalPayloadGBps(rates: readonly number[]): number {
  return Math.min(...rates) * rates.length;
}
