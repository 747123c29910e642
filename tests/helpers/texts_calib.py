"""Calibration files as their programs write them, with invented cameras."""

POSE2SIM = """
[cam_01]
name = "cam_01"
size = [ 1088.0, 1920.0]
matrix = [ [ 1681.25, 0.0, 532.75], [ 0.0, 1681.5, 948.25], [ 0.0, 0.0, 1.0]]
distortions = [ -0.05, 0.1, 1e-3, 2e-3]
rotation = [ 1.5, 1.0, -0.5]
translation = [ 0.25, 1.0, 3.0]
fisheye = false

[cam_02]
name = "left cam"
size = [ 1088.0, 1920.0]
matrix = [ [ 1681.25, 0.0, 532.75], [ 0.0, 1681.5, 948.25], [ 0.0, 0.0, 1.0]]
distortions = [ -0.02, 0.01, 1e-3, 2e-3]
rotation = [ 0.0, 0.0, 0.0]
translation = [ 0.25, 1.0, 3.0]
fisheye = true

[metadata]
adjusted = false
error = 0.0
"""

ANIPOSELIB = """
[cam_0]
name = "A"
size = [ 1280, 720,]
matrix = [ [ 900.0, 0.0, 640.0,], [ 0.0, 900.0, 360.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ 0.1, 0.0, 0.0, 0.0, 0.0,]
rotation = [ 0.0, 0.5, 0.0,]
translation = [ 250.0, 0.0, 3000.0,]

[cam_1]
name = "B"
size = [ 1280, 720,]
matrix = [ [ 900.0, 0.0, 640.0,], [ 0.0, 900.0, 360.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ 0.01, 0.0, 0.0, 0.0,]
rotation = [ 0.0, -0.5, 0.0,]
translation = [ -250.0, 0.0, 3000.0,]
fisheye = true

[metadata]
adjusted = true
error = 0.4
"""

# A camera at (1, 2, 3) m whose stored axes are the world's: x right, y up, looking along -z.
QUALISYS = """<?xml version='1.0' encoding='ASCII'?>
<calibration created="{created}" type="regular">
  <cameras>
    <camera active="1" serial="27001" viewrotation="0">
      <fov_video bottom="1919" left="10" right="1087" top="20"/>
      <transform r11="1" r12="0" r13="0" r21="0" r22="1" r23="0" r31="0" r32="0" r33="1"
        x="1000" y="2000" z="3000"/>
      <intrinsic centerPointU="34112" centerPointV="60672" focalLengthU="107584" focalLengthV="107520"
        radialDistortion1="-0.05" radialDistortion2="0.14" radialDistortion3="0.01" skew="128"
        tangentalDistortion1="0.001" tangentalDistortion2="0.002"/>
    </camera>
    <camera active="0" serial="27002"/>
  </cameras>
</calibration>
"""
