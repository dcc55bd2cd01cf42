import { defineConfig } from 'tsup';

// JavaScript only: declarations come from `tsc -p tsconfig.build.json`, which needs no bundler.
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    topologies: 'src/catalogue/index.ts',
    policies: 'src/policies/index.ts',
    restart: 'src/restart/index.ts',
    simulation: 'src/simulation/index.ts',
    formats: 'src/formats/index.ts',
    render: 'src/render/index.ts',
    arbitraries: 'src/arbitraries/index.ts',
    check: 'src/check/index.ts',
  },
  format: 'esm',
  target: 'node20',
  splitting: true,
  // The sources are not in the package, and maps would carry them.
  sourcemap: false,
  clean: true,
  dts: false,
});
