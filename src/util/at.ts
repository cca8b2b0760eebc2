/**
 * Reads an element that must be there: a wrong index is a bug, which shall not go on as a zero.
 *
 * @param array - a list or a typed array, whose elements are never undefined
 * @param index - within the array
 * @returns the element
 * @throws RangeError outside the array
 */
export function at<Element>(array: ArrayLike<Element>, index: number): Element {
  const element = array[index];
  if (element === undefined) throw new RangeError(`index ${index} of ${array.length} elements`);
  return element;
}
