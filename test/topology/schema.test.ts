import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { clusterDocumentSchema } from '../../src/topology/cluster-document.js';
import { serverDocumentSchema } from '../../src/topology/server-document.js';

/** The JSON Schema of a validator, as the files in topologies/schema hold it. */
function jsonSchema(schema: v.GenericSchema): string {
  // What JSON cannot hold (undefined, shared references) has no word in JSON Schema either.
  return `${JSON.stringify(toJsonSchema(schema, { errorMode: 'throw', ignoreActions: ['readonly'] }), null, 2)}\n`;
}

describe('topologies/schema', () => {
  it('is what the validators say; `npx vitest run test/topology/schema.test.ts -u` writes it anew', async () => {
    await expect(jsonSchema(serverDocumentSchema)).toMatchFileSnapshot(
      '../../topologies/schema/server.schema.json',
    );
    await expect(jsonSchema(clusterDocumentSchema)).toMatchFileSnapshot(
      '../../topologies/schema/cluster.schema.json',
    );
  });
});
