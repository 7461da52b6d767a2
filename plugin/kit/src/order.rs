//! Items in order, with little code: the sort of the standard library is compiled anew for every type that it sorts, some
//! kilobytes each time, and so is the one inside it that makes a set of a list.

use std::{cmp::Ordering, collections::BTreeSet};

/// Sorts a list; items that compare as equal stay as they stand.
pub fn sort_by<T>(items: &mut Vec<T>, compare: &dyn Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    let mut unsorted: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|place| unsorted[place].take()));
}

/// The items as a list in order.
pub fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items = items.into_iter().collect();
    sort_by(&mut items, &T::cmp);
    items
}

/// The items as a set.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// The places of so many items, sorted by what stands there: the one sort for all types.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_and_sets_are_those_of_the_standard_library(
            items in proptest::collection::vec((0_u8..9, "[a-c]{0,2}"), 0..60),
        ) {
            let (mut stable, mut ours) = (items.clone(), items.clone());
            stable.sort_by_key(|(number, _)| *number);
            sort_by(&mut ours, &|one, other| one.0.cmp(&other.0));
            prop_assert_eq!(ours, stable);
            let mut all = items.clone();
            all.sort();
            prop_assert_eq!(sorted(items.iter().cloned()), all);
            prop_assert_eq!(set(items.iter()), items.iter().collect());
        }
    }
}
