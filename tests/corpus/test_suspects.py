import numpy as np
from scipy.sparse import csr_matrix

from callnexus.corpus.suspects import annotate_next, label_suspects


def test_a_flipped_label_is_the_first_suspect_and_an_unknown_one_is_none():
    truth = np.array([[1, 0], [0, np.nan], [1, 1]], float)
    probability = np.array([[0.9, 0.2], [0.97, 0.99], [0.8, 0.7]])

    suspects = label_suspects(truth, probability, count=3)

    assert (suspects[0].index, suspects[0].label, suspects[0].given) == (1, "mh_nexus", "no")
    assert all((suspect.index, suspect.label) != (1, "safety_risk") for suspect in suspects)
    assert len(suspects) == 3


def test_next_are_uncertain_and_no_two_alike():
    kinds = np.repeat(np.eye(4), 10, axis=0)
    uncertain = np.tile([0.5, *[0.01] * 9], 4)
    uncertain[1] = 0.49

    chosen = annotate_next(csr_matrix(kinds), np.column_stack([uncertain, uncertain]), count=4)

    assert sorted(chosen // 10) == [0, 1, 2, 3]
    assert set(uncertain[chosen]) == {0.5}


def test_when_fewer_are_there_than_wanted_all_come_most_uncertain_first():
    probability = np.array([[0.9, 0.9], [0.5, 0.1], [0.7, 0.3]])

    assert annotate_next(csr_matrix(np.eye(3)), probability, count=9).tolist() == [1, 2, 0]
