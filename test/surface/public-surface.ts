import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');
/** Entry point → its source, as package.json and tsup.config.ts have it. */
export const ENTRIES: Readonly<Record<string, string>> = {
  corral: 'src/index.ts',
  'corral/topologies': 'src/catalogue/index.ts',
  'corral/policies': 'src/policies/index.ts',
  'corral/restart': 'src/restart/index.ts',
  'corral/simulation': 'src/simulation/index.ts',
  'corral/formats': 'src/formats/index.ts',
  'corral/render': 'src/render/index.ts',
  'corral/arbitraries': 'src/arbitraries/index.ts',
  'corral/check': 'src/check/index.ts',
};

/** One name that an entry point gives out. */
export interface PublicName {
  readonly entry: string;
  readonly name: string;
  /** What it stands for, aliases followed. */
  readonly symbol: ts.Symbol;
}

/** All that a user of the package can import, with the types the compiler sees. */
export interface PublicSurface {
  readonly checker: ts.TypeChecker;
  readonly names: readonly PublicName[];
}

let surface: PublicSurface | undefined;

/** The public surface of the sources; read once. */
export function publicSurface(): PublicSurface {
  if (surface !== undefined) return surface;
  const config = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'tsconfig.build.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  })!;
  const files = Object.values(ENTRIES).map((file) => join(ROOT, file));
  const program = ts.createProgram(files, { ...config.options, noEmit: true, emitDeclarationOnly: false });
  const checker = program.getTypeChecker();
  const names = Object.entries(ENTRIES).flatMap(([entry, file]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(ROOT, file))!)!;
    return checker.getExportsOfModule(module).map((given): PublicName => {
      const symbol = given.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(given) : given;
      return { entry, name: given.name, symbol };
    });
  });
  surface = { checker, names };
  return surface;
}

/** Whether a symbol is declared in the sources of corral. */
export function isOurs(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((node) =>
    node.getSourceFile().fileName.startsWith(join(ROOT, 'src')),
  );
}
