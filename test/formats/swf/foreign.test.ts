import { describe, expect, it } from 'vitest';
import { fromSwf } from '../../../src/formats/index.js';

describe('foreignLog', () => {
  it.each<[string, string, RegExp]>([
    ['Graphviz', 'digraph jobs {\n  a -> b;\n}', /DAG.*Graphviz/],
    ['an edge list', '1 -> 2\n2 -> 3\n', /DAG/],
    ['DAGMan', '# comment\nJOB A a.sub\nJOB B b.sub\nPARENT A CHILD B\n', /DAG.*DAGMan/],
    ['Pegasus', '<?xml version="1.0"?>\n<adag name="x"><job id="1"/></adag>', /DAG.*Pegasus/],
    ['TGFF', '@TASK_GRAPH 0 {\nPERIOD 300\n}', /DAG.*TGFF/],
    [
      'Alibaba’s batch tasks',
      'M1,1,j_1,1,Terminated,86400,86500,50,0.5\nR2_1,1,j_1,1,Terminated,1,2,50,0.5',
      /DAG.*Alibaba/,
    ],
    ['WfCommons', '{"workflow": {"tasks": [{"id": "a", "parents": [], "children": ["b"]}]}}', /DAG.*JSON/],
    ['a Standard Task Graph', '  2\n 0 0 0\n 1 10 1 0\n 2 5 1 1\n', /DAG.*STG/],
    ['other JSON', '[1, 2]', /looks like JSON/],
    ['other XML', '<topology/>', /looks like XML/],
    ['a job script', '#!/bin/bash\n#SBATCH --dependency=afterok:12\n', /job script/],
    ['sacct', 'JobID|JobName|Partition|Elapsed\n1|a|b|00:01:00\n', /sacct/],
    ['GWF', '# JobID SubmitTime WaitTime\n1 0 5 60\n', /GWF/],
  ])('names %s', (_, text, message) => {
    for (const onBadLine of ['refuse', 'skip'] as const) {
      expect(() => fromSwf(text, { onBadLine })).toThrow(message);
      expect(() => fromSwf(text, { onBadLine })).toThrow(
        expect.objectContaining({ name: 'CorralError', code: 'invalid-format', path: [] }),
      );
    }
  });

  it('keeps the line of a log that it does not recognize, and of one with a job', () => {
    const job = `1 ${'-1 '.repeat(17)}`;
    expect(() => fromSwf('hello world')).toThrow(/^line\[1\]: expected 18 fields, got 2/);
    expect(() => fromSwf(`${job}\na -> b`)).toThrow(/^line\[2\]/);
  });

  it.each<[string, string]>([
    ['blank lines', '\n'],
    ['blank lines of CR and LF', '\r\n'],
    ['blanks', ' '],
    ['headings of GWF', '# JobID '],
    ['headings of GWF on one line', 'JobID '],
    ['parents', 'PARENT '],
    ['jobs of DAGMan', '\nJOB '],
    ['edges', '- >'],
  ])('looks at a megabyte of %s in linear time', (_, piece) => {
    const text = `#${piece.repeat(Math.floor(1_000_000 / piece.length))}`;
    expect(() => fromSwf(text)).toThrow(expect.objectContaining({ code: 'invalid-format' }));
    expect(() => fromSwf(text.slice(1), { onBadLine: 'skip' })).toThrow(
      expect.objectContaining({ name: 'CorralError' }),
    );
  });
});
