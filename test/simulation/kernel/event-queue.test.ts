import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../../src/simulation/kernel/event-queue.js';
import { drawsOf } from '../whole/swarm.js';

describe('EventQueue', () => {
  it('gives events back by time, then class, then in the order in which they came, without those dropped', () => {
    for (let seed = 0; seed < 200; seed++) {
      const draw = drawsOf(seed);
      const queue = new EventQueue(1);
      const model: { time: number; rank: number; subject: number }[] = [];
      let subject = 0;
      for (let step = 0; step < 200; step++) {
        if (draw.chance(0.02)) {
          const modulus = draw.between(2, 4);
          queue.drop((rank, about, stamp) => rank < 3 && about === -stamp && about % modulus === 0);
          const kept = model.filter((event) => event.rank === 3 || event.subject % modulus !== 0);
          model.splice(0, model.length, ...kept);
        } else if (draw.chance(0.6) || model.length === 0) {
          const event = { time: draw.between(0, 5), rank: draw.between(0, 3), subject: subject++ };
          queue.push(event.time, event.rank, event.subject, -event.subject);
          model.push(event);
          model.sort((a, b) => a.time - b.time || a.rank - b.rank || a.subject - b.subject);
        } else {
          const expected = model.shift()!;
          expect([queue.nextTime, queue.nextRank]).toEqual([expected.time, expected.rank]);
          expect([queue.nextSubject, queue.nextStamp]).toEqual([expected.subject, -expected.subject || 0]);
          queue.pop();
          expect({ time: queue.time, rank: queue.rank, subject: queue.subject }).toEqual(expected);
          expect(queue.stamp).toBe(-expected.subject || 0);
        }
        expect(queue.length).toBe(model.length);
      }
    }
  });

  it('has no next event where it is empty', () => {
    const queue = new EventQueue();
    expect([queue.nextTime, queue.nextRank]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });
});
