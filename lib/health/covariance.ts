/**
 * Covariance of standardised rows, shrunk towards the unit matrix by the share that minimises the expected error (Ledoit and
 * Wolf 2004, Journal of Multivariate Analysis 88:365): it can be inverted with fewer rows than sensors, and with sensors
 * that say the same.
 * @param rows of mean 0, each of `size` values
 * @returns row by row
 */
export function shrunkCovariance(rows: readonly Float64Array[], size: number): Float64Array {
  const sample = meanProducts(rows, size);
  let trace = 0;
  for (let i = 0; i < size; i++) trace += sample[i * size + i] as number;
  const scale = trace / size;
  const target = (i: number): number => (i % (size + 1) === 0 ? scale : 0);
  const distance = sample.reduce((sum, value, i) => sum + (value - target(i)) ** 2, 0);
  if (!(distance > 0)) return sample.map((_, i) => target(i) || Number(i % (size + 1) === 0));
  let scatter = 0;
  for (const row of rows) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        scatter += ((row[i] as number) * (row[j] as number) - (sample[i * size + j] as number)) ** 2;
      }
    }
  }
  const share = Math.min(1, scatter / (rows.length * rows.length) / distance);
  return sample.map((value, i) => (1 - share) * value + share * target(i));
}

function meanProducts(rows: readonly Float64Array[], size: number): Float64Array {
  const products = new Float64Array(size * size);
  for (const row of rows) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        products[i * size + j] = (products[i * size + j] as number) + (row[i] as number) * (row[j] as number);
      }
    }
  }
  return products.map((value) => value / rows.length);
}

/**
 * Inverse of a symmetric positive definite matrix, by its Cholesky factor.
 * @throws RangeError when the matrix is not positive definite
 */
export function inverseOf(matrix: Float64Array, size: number): Float64Array {
  const factor = cholesky(matrix, size);
  const inverse = new Float64Array(size * size);
  const column = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = 0; k < i; k++) sum -= (factor[i * size + k] as number) * (column[k] as number);
      column[i] = sum / (factor[i * size + i] as number);
    }
    for (let i = size - 1; i >= 0; i--) {
      let sum = column[i] as number;
      for (let k = i + 1; k < size; k++) sum -= (factor[k * size + i] as number) * (inverse[k * size + j] as number);
      inverse[i * size + j] = sum / (factor[i * size + i] as number);
    }
  }
  return inverse;
}

function cholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j] as number;
      for (let k = 0; k < j; k++) sum -= (factor[i * size + k] as number) * (factor[j * size + k] as number);
      if (i !== j) factor[i * size + j] = sum / (factor[j * size + j] as number);
      else if (sum > 0) factor[i * size + i] = Math.sqrt(sum);
      else throw new RangeError("the matrix is not positive definite");
    }
  }
  return factor;
}
