"""When Evidently and NannyML raise their first alarm on the streams of `stream.py`: a program of its own, in the environment they need.

    python monitors.py STREAMS.jsonl WINDOWS

Both compare windows of the traffic with the baseline, with the test that they choose themselves for a column of 0 and 1: Evidently a z-test of
proportions at 0.05 (`ValueDrift`), NannyML the window's mean against that of the baseline's windows, three deviations either way
(`SummaryStatsAvgCalculator`; one below is no alarm here). An alarm is known at the end of its window.
"""
import json, sys, warnings
import nannyml, pandas
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift

warnings.filterwarnings("ignore")
WINDOW = 100
DAY = pandas.Timestamp("2026-01-01")


def choices(letters, first=0):
    """The decisions of a stream, each with the window it is in as a day."""
    rows = [(int(letter), DAY + pandas.Timedelta(days=first + at // WINDOW)) for at, letter in enumerate(letters) if letter != "-"]
    return pandas.DataFrame(rows, columns=["insecure", "day"])


def windows(traffic):
    for start in range(0, len(traffic), WINDOW):
        yield start + WINDOW, choices(traffic[start : start + WINDOW])


def evidently(baseline, traffic):
    kind = DataDefinition(categorical_columns=["insecure"])
    table = lambda frame: Dataset.from_pandas(frame[["insecure"]].astype(str), data_definition=kind)
    reference, usual = table(baseline), baseline["insecure"].mean()
    for end, window in windows(traffic):
        if len(window) and window["insecure"].mean() > usual:
            metric = Report([ValueDrift(column="insecure")]).run(table(window), reference).dict()["metrics"][0]
            if metric["value"] < metric["config"]["threshold"]:
                return end


def nanny(baseline, traffic):
    calculator = nannyml.SummaryStatsAvgCalculator(column_names=["insecure"], timestamp_column_name="day", chunk_period="D")
    calculator.fit(baseline)
    first = len(set(baseline["day"]))
    result = calculator.calculate(choices(traffic, first)).filter(period="analysis").to_df()
    means, days = result["insecure"], result[("chunk", "start_date")]
    alarms = days[(means["value"] > means["upper_threshold"]).to_numpy()]
    if len(alarms):
        return ((alarms.iloc[0] - DAY).days - first + 1) * WINDOW


def main():
    path, most = sys.argv[1], int(sys.argv[2])
    for line in open(path):
        stream = json.loads(line)
        baseline, traffic = choices(stream["baseline"]), stream["traffic"][: most * WINDOW]
        print(json.dumps({"evidently": evidently(baseline, traffic), "nannyml": nanny(baseline, traffic)}), flush=True)


main()
