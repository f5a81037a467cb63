import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['lib', 'node_modules', 'src/wire.ts', 'scripts', 'eslint.config.mjs'] },
  ...tseslint.configs.strict,
  {
    rules: {
      // Typed arrays are read within their length everywhere; a guard on each read would hide the reads that matter.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', 500],
      'max-params': ['error', 6],
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Everything from data is text, never markup.' },
        { property: 'outerHTML', message: 'Everything from data is text, never markup.' },
        { property: 'insertAdjacentHTML', message: 'Everything from data is text, never markup.' },
      ],
    },
  },
);
