/** Lanczos coefficients, g = 7, n = 9 (Godfrey 2001): relative error of Γ below 1e-14 for positive arguments. */
const lanczos = [
  0.999_999_999_999_809_93, 676.520_368_121_885_1, -1259.139_216_722_402_8, 771.323_428_777_653_13,
  -176.615_029_162_140_59, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_571_6e-6,
  1.505_632_735_149_311_6e-7,
];

/** ln Γ(x) for x > 0. */
function logGamma(x: number): number {
  const shifted = x - 1;
  const base = shifted + 7.5;
  const series = lanczos.reduce(
    (sum, coefficient, at) => sum + (at === 0 ? coefficient : coefficient / (shifted + at)),
    0,
  );
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(series);
}

/** Keeps a continued fraction's denominator off zero. */
const offZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);

/** The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, section 6.4). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / offZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const term of [even, odd]) {
      d = 1 / offZero(1 + term * d);
      c = offZero(1 + term / c);
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return fraction;
}

/**
 * The regularised incomplete beta function I_x(a, b).
 *
 * @param x - from 0 to 1
 * @param a - positive
 * @param b - positive
 * @returns a probability
 */
export function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on one side of the mean only; the other side follows by symmetry.
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** The series of the lower incomplete gamma function of order ½: P(½, x) for small x (DLMF 8.7.1). */
function gammaSeries(x: number): number {
  let term = 2;
  let sum = term;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= x / (0.5 + k);
    sum += term;
  }
  return (sum * Math.sqrt(x) * Math.exp(-x)) / Math.sqrt(Math.PI);
}

/** The continued fraction of the upper one: Q(½, x) for large x, by Lentz's method (Numerical Recipes, section 6.2). */
function gammaFraction(x: number): number {
  let b = x + 0.5;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let k = 1; k <= 1000; k++) {
    const a = -k * (k - 0.5);
    b += 2;
    d = 1 / offZero(a * d + b);
    c = offZero(b + a / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return (fraction * Math.sqrt(x) * Math.exp(-x)) / Math.sqrt(Math.PI);
}

/** The chance that |Z| is at least z for Z of the normal distribution: erfc(z/√2) = Q(½, z²/2). */
function normalTails(z: number): number {
  const x = (z * z) / 2;
  return x < 1.5 ? 1 - gammaSeries(x) : gammaFraction(x);
}

/** From here on the normal distribution is nearer than what cancels among large gamma functions. */
const manyDegrees = 1e4;

/** The normal deviate with as much beyond it as t of Student's distribution has, for many degrees of freedom ν. */
function normalDeviate(t: number, degrees: number): number {
  if (degrees === Infinity) return t;
  const a = degrees - 0.5;
  const z = Math.sqrt(a * Math.log1p((t * t) / degrees));
  return z + (z ** 3 + 3 * z) / (48 * a * a);
}

/**
 * The chance that |T| is at least |t| for T of Student's distribution: I_{ν/(ν+t²)}(ν/2, ½); for ν above 10⁴ that of the
 * normal distribution beyond z + (z³ + 3z)/(48a²), a = ν − ½, z = √(a ln(1 + t²/ν)) (Hill 1970, algorithm 395), which
 * differs by less than 10⁻⁹ of itself up to t = 12.
 *
 * @param t - the statistic; infinite ones have no chance
 * @param degrees - degrees of freedom ν, positive, need not be whole; infinitely many are the normal distribution
 * @returns the two-sided p-value
 */
export function twoSidedP(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return 0;
  if (degrees > manyDegrees) return normalTails(normalDeviate(t, degrees));
  return regularizedBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/**
 * The t that |T| stays below with a given chance: what a confidence interval's half-width is multiplied by.
 *
 * @param level - confidence level, above 0 and below 1
 * @param degrees - degrees of freedom, positive; infinitely many are the normal distribution
 * @returns the quantile of order (1 + level)/2
 */
export function criticalT(level: number, degrees: number): number {
  const tail = 1 - level;
  let low = 0;
  let high = 1;
  while (twoSidedP(high, degrees) > tail) high *= 2;
  // Halving is slow and sure: 100 times reach the last bit of a double.
  for (let step = 0; step < 100 && low < high; step++) {
    const middle = (low + high) / 2;
    if (twoSidedP(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
