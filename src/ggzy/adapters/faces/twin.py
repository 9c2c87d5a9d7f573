"""The twin of a face gate: it lets everybody in and says that it is a twin."""

from ggzy.committees.ports import Passage


class TwinFaceGate:
    """No camera, no register of faces: every answer says so."""

    def passage(self, *, person: str, hall: str) -> Passage:
        """Let a person in."""
        return Passage(passed=True, says="演示: 没有人脸识别设备, 未比对", demo=True)
