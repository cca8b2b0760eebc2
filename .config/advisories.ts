/** What `npm audit --json` says, as far as it is read here. */
interface Audit {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
}

/** What `package-lock.json` says of packages, as far as it is read here. */
interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly dependencies?: Readonly<Record<string, string>>;
        readonly optionalDependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
}

/** Installed for building alone, but built into `dist/`. */
const bundled = ['vega', 'vega-interpreter', 'vega-lite'];

/**
 * Names of the packages that users get: dependencies, what is bundled, and all that these need.
 *
 * @param lock - content of `package-lock.json`
 * @returns the names
 */
export function shippedPackages({ packages }: Lock): ReadonlySet<string> {
  const shipped = new Set([...Object.keys(packages['']?.dependencies ?? {}), ...bundled]);
  // A set that grows while it is walked is walked to its end.
  for (const name of shipped) {
    const { dependencies, optionalDependencies } = packages[`node_modules/${name}`] ?? {};
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) shipped.add(needed);
  }
  return shipped;
}

/**
 * Reads what an audit found.
 *
 * @param output - of `npm audit --json`
 * @param shipped - the packages that count
 * @returns a line for each advisory; undefined where no source of advisories answered
 */
export function advisoriesIn(output: string, shipped: ReadonlySet<string>): readonly string[] | undefined {
  let audit: Audit;
  try {
    audit = JSON.parse(output) as Audit;
  } catch {
    return undefined;
  }
  return (
    audit.vulnerabilities &&
    Object.entries(audit.vulnerabilities)
      .filter(([name]) => shipped.has(name))
      .map(([name, { severity, range }]) => `${name} ${range}: ${severity}`)
  );
}
