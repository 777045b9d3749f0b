import numpy as np
import pytest
from sklearn.base import clone

from callnexus import Model
from callnexus.features import FeatureSpec
from callnexus.lexicon import shipped
from callnexus.training.experiment import FitSection
from callnexus.training.fit import Fitting, NarrativeFeatures, calibrate, fit_labels, out_of_fold_scores, scores_of

TEXTS = ["male with a gun", "dog barking all night", "off his meds and hearing voices", "lost wallet"] * 10
TRUTH = np.array([[0, 1], [0, 0], [1, 0], [0, np.nan]] * 10)
FEATURES = NarrativeFeatures(FeatureSpec(), shipped())


def test_the_transformer_keeps_scikit_learns_contract():
    copy = clone(FEATURES)

    assert copy.get_params()["spec"] == FEATURES.spec
    first, again = FEATURES.fit(TEXTS).transform(TEXTS), copy.transform(np.array(TEXTS))
    assert (first != again).nnz == 0
    assert FEATURES.transform([]).shape[0] == 0


def test_an_example_of_unknown_label_does_not_count_for_that_label():
    matrix = FEATURES.transform(TEXTS)
    known = ~np.isnan(TRUTH[:, 1])

    everything = fit_labels(FEATURES, matrix, TRUTH, Fitting(FitSection()))
    without = fit_labels(FEATURES, matrix[known], TRUTH[known], Fitting(FitSection()))

    assert np.array_equal(everything.weights[:, 1], without.weights[:, 1])


def test_a_pipeline_gives_the_probability_that_its_weights_give():
    matrix = FEATURES.transform(TEXTS)

    fit = fit_labels(FEATURES, matrix, TRUTH, Fitting(FitSection()), jobs=2)

    theirs = fit.pipelines["mh_nexus"].predict_proba(TEXTS)[:, 1]
    assert theirs == pytest.approx(1 / (1 + np.exp(-scores_of(fit, matrix)[:, 0])))


def test_telling_features_are_regularised_less_and_scores_stay_those_of_the_weights():
    texts = ["gun at the corner store today", "wallet at the corner store today"] * 20
    truth = np.array([[1, 1], [0, 0]] * 20, float)
    matrix = FEATURES.transform(texts)
    settings = FitSection(naive_bayes=0.5, inverse_regularisation=0.01)

    scaled = fit_labels(FEATURES, matrix, truth, Fitting(settings))
    plain = fit_labels(FEATURES, matrix, truth, Fitting(settings.model_copy(update={"naive_bayes": 0.0})))

    gun = FEATURES.transform(["gun"]).indices
    assert np.abs(scaled.weights[gun, 1]).sum() > 1.2 * np.abs(plain.weights[gun, 1]).sum()
    theirs = scaled.pipelines["safety_risk"].decision_function(texts)
    assert theirs == pytest.approx(scores_of(scaled, matrix)[:, 1])


def test_out_of_fold_scores_come_from_models_that_saw_nothing_of_the_fold():
    matrix = FEATURES.transform(TEXTS)
    folds = [np.arange(0, 20), np.arange(20, 40)]

    found = out_of_fold_scores(FEATURES, matrix, TRUTH, folds, Fitting(FitSection()))

    other = fit_labels(FEATURES, matrix[folds[1]], TRUTH[folds[1]], Fitting(FitSection()))
    assert np.array_equal(found[folds[0]], scores_of(other, matrix[folds[0]]))


def test_calibration_recovers_a_known_sigmoid():
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(40_000, 2)) * 3
    truth = (rng.uniform(size=scores.shape) < 1 / (1 + np.exp(-(0.5 * scores - 1)))).astype(float)

    for calibration in calibrate(scores, truth):
        assert (calibration.slope, calibration.intercept) == pytest.approx((0.5, -1), abs=0.05)


def test_a_base_model_without_local_evidence_keeps_its_order(model: Model):
    features = NarrativeFeatures(model.extractor.spec, model.extractor.lexicon)
    texts = ["male with a gun", "off his meds and hearing voices", "lost wallet", "dog barking"]
    truth = (model.predict_proba(texts) > np.median(model.predict_proba(texts), axis=0)).astype(float)
    light = FitSection(inverse_regularisation=1e-3)

    fit = fit_labels(features, features.transform(texts), truth, Fitting(light, base=model))

    scores = scores_of(fit, features.transform(texts))
    assert np.array_equal(np.argsort(scores, axis=0), np.argsort(model.scores(texts), axis=0))


def test_local_examples_move_a_base_model_where_they_say_so(model: Model):
    features = NarrativeFeatures(model.extractor.spec, model.extractor.lexicon)
    texts = ["code purple at the pier", "purple alert pier side", "gate stuck at the pier", "pier lights out"] * 20
    truth = np.array([[1, 1], [1, 1], [0, 0], [0, 0]] * 20, float)

    fit = fit_labels(features, features.transform(texts), truth, Fitting(FitSection(), base=model))

    before, after = model.scores(["code purple"])[0], scores_of(fit, features.transform(["code purple"]))[0]
    assert (after > before + 1).all()
    pipeline = fit.pipelines["safety_risk"].decision_function(["code purple"])
    assert pipeline == pytest.approx(after[1:])
