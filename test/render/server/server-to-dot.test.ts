import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { describe, expect, it } from 'vitest';
import { topology, topologyNames } from '../../../src/catalogue/index.js';
import { clusterTopology, compile, serverTopology } from '../../../src/index.js';
import { serverToDot } from '../../../src/render/server/server-to-dot.js';

describe('serverToDot', () => {
  it('draws every server of the catalogue so that Graphviz lays it out', async () => {
    const graphviz = await Graphviz.load();
    for (const name of topologyNames) {
      const server = topology(name);
      const svg = graphviz.dot(serverToDot(server));
      for (const gpu of server.gpus) expect(svg, name).toContain(`>${gpu}<`);
    }
  });

  it('highlights the GPUs of a placement and no other', () => {
    const highlighted = (dot: string): string[] =>
      [...dot.matchAll(/"(gpu\d)" \[label="gpu\d", [^\]]*#F7C948/g)].map((match) => match[1]!);
    const server = topology('l40s-8-dual-root');
    expect(highlighted(serverToDot(server, { placement: [4, 5] }))).toEqual(['gpu4', 'gpu5']);
    expect(highlighted(serverToDot(server))).toEqual([]);
    const cluster = clusterTopology({
      tiers: [],
      types: { a: 'l40s-8-dual-root' },
      servers: [{ id: 's', type: 'a' }],
    });
    const result = compile(cluster).place({ gpus: 3 });
    expect(highlighted(serverToDot(server, { placement: result.ok ? result.placement : [] }))).toEqual([
      'gpu0',
      'gpu1',
      'gpu2',
    ]);
  });

  it('draws equal NVSwitches as one with their bandwidth summed', () => {
    const dot = serverToDot(topology('dgx-h100'));
    expect(dot.match(/NVSwitch"/g)).toHaveLength(1);
    expect(dot).toContain('4 × NVSwitch');
    const perGpu = topology('dgx-h100')
      .document.links.filter((link) => link.medium === 'nvlink' && link.between.includes('gpu0'))
      .reduce((sum, link) => sum + link.bandwidthGBps, 0);
    expect(dot).toContain(`label=" ${Math.round(perGpu * 10) / 10}"`);
  });

  it('draws the switch groups and meshes of the SVG drawing', () => {
    const groups = serverToDot(topology('dgx2'));
    expect(groups.match(/label="6 × NVSwitch"/g)).toHaveLength(2);
    // Six trunk links of 50 GB/s between the two groups; links inside a group have no line.
    expect(groups.match(/"nvsw\d+" -- "nvsw\d+"/g)).toHaveLength(1);
    const meshes = serverToDot(topology('dgx1-p100'));
    expect(meshes.match(/shape=ellipse/g)).toHaveLength(2);
    expect(meshes.match(/-- "mesh( 2)?" /g)).toHaveLength(8);
  });

  it('quotes identifiers that look like DOT', async () => {
    const hostile = 'a"]; evil [label="\\N';
    const server = serverTopology({
      name: 'graph {',
      title: 'title "quoted"\nin two lines',
      gpuModel: 'x',
      devices: [
        { id: hostile, kind: 'gpu' },
        { id: 'b -- c', kind: 'gpu' },
      ],
      links: [
        {
          between: [hostile, 'b -- c'],
          medium: 'pcie',
          bandwidthGBps: 1,
          basis: 'raw',
          source: 's',
          verified: false,
        },
      ],
    });
    const graphviz = await Graphviz.load();
    const svg = graphviz.dot(serverToDot(server));
    expect(svg.match(/class="node"/g)).toHaveLength(2);
    expect(svg.match(/class="edge"/g)).toHaveLength(1);
  });

  it('refuses a GPU that does not exist', () => {
    expect(() => serverToDot(topology('dgx-h100'), { placement: [0, 8] })).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['placement', 1] }),
    );
  });

  it('refuses titles and placements that are none, with their place', () => {
    const refused = (options: unknown, path: readonly (string | number)[]): void => {
      const call = () => serverToDot(topology('dgx-h100'), options as never);
      expect(call).toThrow(expect.objectContaining({ code: 'invalid-option', path }));
    };
    refused({ title: Symbol('t') }, ['title']);
    refused({ title: 'x'.repeat(1025) }, ['title']);
    refused({ placement: new Array(1) }, ['placement', 0]);
    refused({ placement: new Array(1e6).fill(0) }, ['placement']);
    refused({ placement: '01' }, ['placement']);
    refused({ placement: { pods: [null] } }, ['placement', 'pods', 0]);
    refused({ placement: { pods: [{ gpus: 1 }] } }, ['placement', 'pods', 0, 'gpus']);
    refused({ placement: { pods: [{ gpus: [8] }] } }, ['placement', 0]);
    refused(new Map(), ['options']);
  });
});
