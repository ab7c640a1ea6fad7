/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {name: 'no-cycles', severity: 'error', from: {}, to: {circular: true}},
    {name: 'resolvable', severity: 'error', from: {}, to: {couldNotResolve: true}},
    {
      name: 'policies-know-no-connector',
      severity: 'error',
      from: {path: '^src/policies/'},
      to: {path: '^src/connectors/'},
    },
    {
      name: 'connectors-know-no-session',
      severity: 'error',
      from: {path: '^src/connectors/'},
      to: {path: '^src/(session\\.ts|index\\.ts|policies/)'},
    },
    {
      name: 'undici-in-its-folder',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/connectors/undici/'},
      to: {path: '(^|/)node_modules/undici/'},
    },
    {
      name: 'ky-in-its-file',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/ky\\.ts$'},
      to: {path: '(^|/)node_modules/ky/', dependencyTypesNot: ['type-only']},
    },
    {
      name: 'barrel-chooses-the-connector',
      comment: 'Only the barrel imports #connector, which is what resolves to these files.',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/index\\.ts$'},
      to: {path: '^src/connectors/default/'},
    },
    {
      name: 'node-parts-apart',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(connectors/(undici/|default/node\\.ts)|node/)'},
      to: {dependencyTypes: ['core']},
    },
    {
      name: 'library-stands-alone',
      severity: 'error',
      from: {path: '^src/'},
      to: {path: '^(test|examples|playground)/'},
    },
    {
      name: 'playground-model-stands-alone',
      severity: 'error',
      from: {path: '^playground/model/'},
      to: {pathNot: '^playground/model/'},
    },
    {
      name: 'playground-page-knows-no-server',
      severity: 'error',
      from: {path: '^playground/(page|run|static)/'},
      to: {path: '^playground/server/'},
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: {path: '^src/'},
      // What an integration is with is a peer, and here for its tests as well.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: {path: '(^|/)node_modules/'},
    exclude: {path: '^(dist|playground/dist|examples/sdk)/'},
    // Type-only imports are arrows too.
    tsPreCompilationDeps: true,
    tsConfig: {fileName: 'test/tsconfig.json'},
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['@aiofetch/source', 'node', 'import', 'types', 'default'],
    },
  },
};
